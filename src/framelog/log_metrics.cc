#include "framelog/log_metrics.h"

namespace penstock::framelog {

LogMetrics& log_metrics() {
  static auto& all = *new LogMetrics;  // never destroyed: threads may count until the end
  return all;
}

}  // namespace penstock::framelog
