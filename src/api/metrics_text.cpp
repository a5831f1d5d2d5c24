#include "api/metrics_text.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace sluice::api {
namespace {

std::string_view type_name(MetricType type, MetricsFormat format) {
    switch (type) {
        case MetricType::counter:
            return "counter";
        case MetricType::histogram:
            return "histogram";
        case MetricType::info:
            return format == MetricsFormat::open_metrics ? "info" : "gauge";
        case MetricType::gauge:
            break;
    }
    return "gauge";
}

std::string_view without(std::string_view name, std::string_view ending) {
    if (name.ends_with(ending)) name.remove_suffix(ending.size());
    return name;
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view help, MetricType type) {
    name_ = name;
    std::string_view shown = name;
    if (format_ == MetricsFormat::open_metrics) {
        if (type == MetricType::counter) shown = without(name, "_total");
        if (type == MetricType::info) shown = without(name, "_info");
    }
    auto out = std::back_inserter(out_);
    fmt::format_to(out, "# HELP {} {}\n# TYPE {} {}\n", shown, help, shown, type_name(type, format_));
    if (format_ != MetricsFormat::open_metrics) return;
    for (std::string_view unit : {"seconds", "bytes"})
        if (shown.ends_with(std::string("_") + std::string(unit))) fmt::format_to(out, "# UNIT {} {}\n", shown, unit);
}

void MetricsText::line(std::string_view suffix, std::string_view labels, std::string_view more_labels, double value) {
    out_ += name_;
    out_ += suffix;
    if (!labels.empty() || !more_labels.empty()) {
        out_ += '{';
        out_ += labels;
        if (!labels.empty() && !more_labels.empty()) out_ += ',';
        out_ += more_labels;
        out_ += '}';
    }
    out_ += ' ';
    fmt::format_to(std::back_inserter(out_), "{}", value);
    out_ += '\n';
}

void MetricsText::sample(std::string_view labels, double value) {
    line({}, labels, {}, value);
}

void MetricsText::histogram(std::string_view labels, const HistogramCounts& counts) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < counts.bounds.size(); ++i) {
        below += counts.counts[i];
        // OpenMetrics wants bounds as floating-point numbers.
        std::string bound = fmt::format("{}", counts.bounds[i]);
        if (bound.find_first_of(".e") == std::string::npos) bound += ".0";
        line("_bucket", labels, fmt::format("le=\"{}\"", bound), static_cast<double>(below));
    }
    auto all = static_cast<double>(counts.count());
    line("_bucket", labels, "le=\"+Inf\"", all);
    line("_sum", labels, {}, counts.sum);
    line("_count", labels, {}, all);
}

std::string MetricsText::finish() {
    if (format_ == MetricsFormat::open_metrics) out_ += "# EOF\n";
    return std::exchange(out_, {});
}

std::string MetricsText::label(std::string_view name, std::string_view value) {
    std::string out(name);
    out += "=\"";
    for (char each : value) {
        if (each == '\n')
            out += "\\n";
        else if (each == '"' || each == '\\')
            (out += '\\') += each;
        else
            out += each;
    }
    out += '"';
    return out;
}

}  // namespace sluice::api
