#include <cstdlib>

#include "base/encoding.hpp"
#include "sandbox/aws/kpl.hpp"

/// The input is the protobuf message: magic and digest are put around it, or nothing would ever get past them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view message(reinterpret_cast<const char*>(data), size);
    auto bytes = "\xf3\x89\x9a\xc2" + std::string(message) + std::string(sluice::as_view(sluice::md5(message)));
    auto records = sluice::sandbox::deaggregate(bytes);
    if (!records) return 0;
    for (const auto& record : *records) {
        if (record.data.data() < bytes.data() || record.data.data() + record.data.size() > bytes.data() + bytes.size())
            std::abort();
    }
    return 0;
}
