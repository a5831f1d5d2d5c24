#pragma once

#include <array>
#include <string_view>

namespace sluice {

// Kinds of records in the control store.
inline constexpr std::string_view kAdminTokenKind = "token";    ///< the operator's, made at the first start: its digest
inline constexpr std::string_view kTokenKind = "api_token";     ///< made through the API (access_record.hpp)
inline constexpr std::string_view kTokenUseKind = "token_use";  ///< when each was last used
inline constexpr std::string_view kOrgKind = "org";             ///< made through the API (access_record.hpp)
inline constexpr std::string_view kAuditKind = "audit";         ///< who changed what, by number (audit_log.hpp)

// By integration.
inline constexpr std::string_view kIntegrationKind = "integration";    ///< made through the API: its settings, sealed
inline constexpr std::string_view kPausedKind = "integration_paused";  ///< why
inline constexpr std::string_view kGoneKind = "integration_gone";      ///< since when the file does not have it
/// The org of the file's integration whose cursor and dead letters are stored; empty: one made through the API, from
/// which nobody else goes on. Missing: an older version did not note it.
inline constexpr std::string_view kOwnerKind = "integration_owner";
inline constexpr std::string_view kReplayKind = "integration_replay";  ///< the latest (replay_record.hpp)

inline constexpr std::string_view kAlertToldKind = "alert_told";  ///< what trouble the receivers of alerts were told of

inline constexpr std::string_view kAlertKind = "alert";  ///< by alert, made through the API: its settings, sealed

/// The kinds whose records are sealed: what a rotation of the key seals anew.
inline constexpr std::array kSealedKinds{kIntegrationKind, kAlertKind};

}  // namespace sluice
