#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::auth {

/// The text of the first element called `name` (its prefix ignored), with entities decoded. For the small flat XML
/// answers of STS and for AWS's error bodies: no tree is built, nothing is expanded, nothing recurses. nullopt when
/// there is none, when it has child elements, or when the document has a DOCTYPE, which no AWS answer has.
std::optional<std::string> xml_text(std::string_view document, std::string_view name);

}  // namespace sluice::auth
