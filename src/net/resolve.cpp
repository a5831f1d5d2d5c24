#include "net/resolve.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "net/name_look_ups.hpp"

namespace sluice {

namespace asio = boost::asio;

namespace {

using Addresses = std::vector<asio::ip::address>;

asio::ip::address to_address(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, &address, sizeof v4);
        return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
    }
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return asio::ip::address_v6(bytes, v6.sin6_scope_id);
}

std::mutex names_mutex;
NamesForTest::Answer names_for_test;

NamesForTest::Answer names_under_test() {
    std::lock_guard lock(names_mutex);
    return names_for_test;
}

Result<Addresses> look_up(const std::string& host) {
    if (auto answer = names_under_test()) return answer(host);
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    // AI_ADDRCONFIG leaves out loopback, and with it `localhost` on a machine without a network.
    if (failed == EAI_NONAME || failed == EAI_ADDRFAMILY) {
        hints.ai_flags = 0;
        failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    }
    if (failed != 0) {
        bool unknown = failed == EAI_NONAME || failed == EAI_NODATA || failed == EAI_ADDRFAMILY;
        return make_error(unknown ? Errc::not_found : Errc::unavailable,
                          fmt::format("the name {} cannot be resolved: {}", host, ::gai_strerror(failed)),
                          unknown ? "check the spelling of the host" : "check this machine's name servers");
    }
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
    Addresses addresses;
    for (auto* entry = found; entry; entry = entry->ai_next) {
        if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
        auto address = to_address(*entry->ai_addr);
        if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
    }
    if (addresses.empty()) return make_error(Errc::not_found, fmt::format("the name {} has no address", host));
    return addresses;
}

/// Never destroyed: a look-up may last longer than the process wants to.
NameLookUps& look_ups() {
    static auto* shared = new NameLookUps(look_up);
    return *shared;
}

}  // namespace

NamesForTest::NamesForTest(Answer answer) {
    std::lock_guard lock(names_mutex);
    names_for_test = std::move(answer);
}

NamesForTest::~NamesForTest() {
    std::lock_guard lock(names_mutex);
    names_for_test = nullptr;
}

std::optional<asio::ip::address> written_address(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    const std::string text(host);
    boost::system::error_code not_an_address;
    auto address = asio::ip::make_address(text, not_an_address);
    if (!not_an_address) return address;
    in_addr v4;  // inet_aton's forms, which getaddrinfo takes too
    if (::inet_aton(text.c_str(), &v4) != 0) return asio::ip::address_v4(ntohl(v4.s_addr));
    return std::nullopt;
}

asio::awaitable<Result<Addresses>> resolve(std::string host, Deadline deadline) {
    if (auto address = written_address(host)) {
        Addresses itself{*address};
        co_return itself;
    }
    auto addresses = co_await look_ups().resolve(std::move(host), deadline);
    co_return addresses;
}

}  // namespace sluice
