#pragma once

#include <string>
#include <string_view>

#include "base/histogram.hpp"

namespace sluice::api {

enum class MetricsFormat {
    prometheus,   ///< text format 0.0.4
    open_metrics  ///< OpenMetrics 1.0
};
enum class MetricType { counter, gauge, histogram, info };

/// Writes metrics as Prometheus and OpenMetrics have them, straight into the answer: with thousands of integrations
/// there are hundreds of thousands of samples (docs/adr/0110). A family at a time, its samples next.
class MetricsText {
  public:
    explicit MetricsText(MetricsFormat format) : format_(format) {}

    /// `name` as its samples have it: a counter's ends in `_total`, an info's in `_info`. A name (without that) in
    /// `_seconds` or `_bytes` tells the unit.
    void family(std::string_view name, std::string_view help, MetricType type);
    /// `labels` as label() makes them, with commas; may be empty.
    void sample(std::string_view labels, double value);
    void histogram(std::string_view labels, const HistogramCounts& counts);
    std::string finish();

    /// `name="value"`, escaped.
    static std::string label(std::string_view name, std::string_view value);

  private:
    void line(std::string_view suffix, std::string_view labels, std::string_view more_labels, double value);

    MetricsFormat format_;
    std::string name_;
    std::string out_;
};

}  // namespace sluice::api
