#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "event/event.hpp"

namespace sluice {

/// `{id}`, `{recType}`, `{event_type}`, `{obj_type}`, `{org}`, `{sequence}`, `{source}`, `{obj.any.path}`, `{a|b}`
/// between literal text (product.md, "Templates"). Parsed once, evaluated per event. Immutable. Thread: any.
class TextTemplate {
  public:
    /// Names the offset and what is wrong in the error. Braces are always placeholders: a literal one cannot be
    /// written.
    static Result<TextTemplate> parse(std::string_view text);
    static TextTemplate literal(std::string text);

    /// The text for one event; Errc::not_found naming the placeholder that has no value and no fallback.
    /// A string gives its unescaped value, a number or boolean its text; null, array, object and absent are missing; of
    /// duplicate names the last counts.
    Result<std::string> evaluate(const Event& event) const;
    /// Appends to `out` instead; on error `out` is as it was.
    Result<void> evaluate_to(const Event& event, std::string& out) const;

    bool is_literal() const noexcept;
    /// True for exactly `{id}`: callers can use the view and save the copy.
    bool is_id() const noexcept;
    const std::string& source() const noexcept { return source_; }

  private:
    struct Alternative {
        enum class Kind { id, rec_type, event_type, obj_type, org, sequence, source, obj_path } kind;
        std::vector<std::string> path;  ///< of obj_path
    };
    struct Part {
        std::string literal;
        std::vector<Alternative> alternatives;  ///< empty: a literal
    };
    static Result<std::vector<Alternative>> parse_placeholder(std::string_view inside, std::size_t offset);
    static Result<Alternative> parse_alternative(std::string_view name, std::size_t offset);
    /// False, with `out` as it was, when the event has no such value.
    static bool append_value(const Alternative& alternative, const Event& event, std::string& out);
    static std::string placeholder_text(const Part& part);

    std::string source_;
    std::vector<Part> parts_;
};

}  // namespace sluice
