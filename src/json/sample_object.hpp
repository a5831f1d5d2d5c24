#pragma once

#include <string>
#include <string_view>

namespace sluice::json {

/// About 1 KiB as an IoT platform writes it: few long strings, many short ones, numbers.
inline std::string typical_object() {
    return R"({"_id":"64f0c2a9e13b9a0007f4d2c1","id":"64f0c2a9e13b9a0007f4d2c1","checksum":"93A23971A914E5EA",)"
           R"("createDate":"2026-11-23T14:05:00.123Z","updateDate":"2026-11-23T14:05:00.123Z","tstamp":1795356300123,)"
           R"("name":"Desk 4.12","desc":"","recType":"io.microshare.contact.unpacked.event","tags":["Dublin","L4"],)"
           R"("owner":{"appid":"A1","org":"com.acme","user":"ops@acme.example"},"data":{"device":{"id":"A81758FFFE04",)"
           R"("usage":["Desk","Open plan"],"location":["HQ","4","12"],"model":"PIR-2"},"meta":{"iot":{"rssi":-87,"snr":7.5,)"
           R"("fcnt":10231,"fport":15,"dr":"SF7BW125","adr":true,"gateways":[{"id":"gw-1","rssi":-87,"snr":7.5},)"
           R"({"id":"gw-2","rssi":-101,"snr":-2.25}]},"source":"ttn","time":1795356299981},"contact":[{"context":["desk"],)"
           R"("value":true,"open":false,"unit":"B"}],"battery":[{"value":3.61,"unit":"V"},{"value":92,"unit":"%"}],)"
           R"("temperature":[{"value":21.5,"unit":"C"}],"humidity":[{"value":44,"unit":"%"}],"co2":null}})";
}

/// The same with two spaces a level, as people's tools write it.
inline std::string pretty(std::string_view compact) {
    std::string out;
    std::size_t depth = 0;
    bool in_string = false;
    auto line = [&] { out.append("\n").append(depth * 2, ' '); };
    for (char c : compact) {
        if (c == '"') in_string = !in_string;  // the sample has no escapes
        if (!in_string && (c == '}' || c == ']')) --depth, line();
        out += c;
        if (in_string) continue;
        if (c == '{' || c == '[') ++depth, line();
        if (c == ',') line();
        if (c == ':') out += ' ';
    }
    return out;
}

}  // namespace sluice::json
