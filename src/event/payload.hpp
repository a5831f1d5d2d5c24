#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "event/event.hpp"

namespace sluice {

enum class PayloadForm { envelope, object, data, cloudevents };

std::string_view to_string(PayloadForm form) noexcept;
std::optional<PayloadForm> parse_payload_form(std::string_view text) noexcept;
/// The media type of what is delivered in this form: CloudEvents have one of their own (CloudEvents JSON format, §3).
std::string_view content_type_of(PayloadForm form) noexcept;

/// A member of an object that tells of whoever wrote it rather than of what was measured.
struct RedactSuggestion {
    std::string_view path;
    std::string_view why;
};
/// What a set-up page suggests to leave out (product.md, `redact`).
std::span<const RedactSuggestion> redact_suggestions() noexcept;

/// Makes what is delivered out of an event (product.md, "The envelope": payload, redact). Immutable. Thread: any.
class PayloadRenderer {
  public:
    /// `redact`: paths within obj (`origin.tokendata`); Errc::invalid_argument names a bad one.
    static Result<PayloadRenderer> make(PayloadForm form, const std::vector<std::string>& redact);

    /// The bytes to deliver. Where they are part of the stored envelope they are returned as they stand and `scratch`
    /// is untouched; otherwise they are written to `scratch`, which the caller keeps alive. Errc::not_found when `data`
    /// is asked of an object without data.
    Result<std::string_view> render(const Event& event, std::string& scratch) const;

    /// Whether the event's object has a member at this path for `redact` to remove.
    static bool has_path(const Event& event, std::string_view path);

    bool is_stored_bytes() const noexcept { return redact_.empty() && form_ != PayloadForm::cloudevents; }
    PayloadForm form() const noexcept { return form_; }

  private:
    PayloadForm form_ = PayloadForm::envelope;
    std::vector<std::vector<std::string>> redact_;
};

}  // namespace sluice
