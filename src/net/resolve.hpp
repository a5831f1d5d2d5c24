#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/deadline.hpp"
#include "net/endpoint.hpp"

namespace sluice {

/// The addresses of a host, in the system's order of preference; an address stands for itself. Errc::not_found when
/// there are none, Errc::unavailable when nobody could be asked, Errc::exhausted when too many already wait to be,
/// Errc::timeout, Errc::cancelled. The system's call blocks and cannot be ended: it runs on threads shared by the
/// process (`NameLookUps`), and is left to itself when the deadline passes.
boost::asio::awaitable<Result<std::vector<boost::asio::ip::address>>> resolve(std::string host, Deadline deadline);

/// The address that a host's text is, without asking anybody: also in the forms that the system's resolver takes for
/// one (`2130706433`, `0x7f.1`, `0177.0.0.1`, `10.1`) and with a dot at its end. Nothing for a name.
std::optional<boost::asio::ip::address> written_address(std::string_view host);

/// Whether `options` let a connection be made to this address. The one rule: whoever connects asks it, on the very
/// address that it then connects to.
bool may_connect_to(const boost::asio::ip::address& address, const ConnectOptions& options);

/// The refusal to connect where may_connect_to() says no: `address_not_allowed`, in plain words.
ConnectError address_refusal(const std::string& host);

/// The addresses to connect to on the way to `endpoint`: its own, or its proxy's. Those that `options` forbids are left
/// out: whoever connects to exactly these, and to none that a later answer of the DNS names, reaches nothing internal.
/// Never empty. With a proxy, which resolves the endpoint's name itself, an endpoint that is written as an address is
/// still held to the options.
boost::asio::awaitable<boost::system::result<std::vector<boost::asio::ip::address>, ConnectError>> resolve_first_hop(
    Endpoint endpoint, ConnectOptions options, Deadline deadline);

/// While it lives, names are looked up by `answer` instead of by the system: for tests of what a name may lead to. One
/// at a time.
class NamesForTest {
  public:
    using Answer = std::function<Result<std::vector<boost::asio::ip::address>>(const std::string& host)>;
    explicit NamesForTest(Answer answer);
    ~NamesForTest();
    NamesForTest(const NamesForTest&) = delete;
    NamesForTest& operator=(const NamesForTest&) = delete;
};

}  // namespace sluice
