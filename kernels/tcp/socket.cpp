#include "kernels/tcp/socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "kernels/runtime/error.h"

namespace kernels {
namespace {

constexpr int kSliceMs = 20;  // how long nobody looks at the clock

/// Waits until the socket is ready for `events`, or until a slice of time is over.
bool is_ready(const Socket& socket, short events) {
  pollfd of{.fd = socket.descriptor(), .events = events, .revents = 0};
  return poll(&of, 1, kSliceMs) > 0;
}

void await(const Socket& socket, short events, const StillWaiting& still_waiting) {
  while (!is_ready(socket, events)) still_waiting();
}

void set(const Socket& socket, int level, int option, int value) {
  setsockopt(socket.descriptor(), level, option, &value, sizeof value);
}

/// Messages are small and waited for: each is sent at once.
void prepare(const Socket& connection) {
  set(connection, IPPROTO_TCP, TCP_NODELAY, 1);
  fcntl(connection.descriptor(), F_SETFL, fcntl(connection.descriptor(), F_GETFL) | O_NONBLOCK);
}

bool would_block(ssize_t result) { return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR); }

/// Tries one address; says what went wrong in `why`.
Socket try_to_connect(const addrinfo& address, std::string& why) {
  Socket socket(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, address.ai_protocol));
  if (socket.open() && connect(socket.descriptor(), address.ai_addr, address.ai_addrlen) == 0) return socket;
  why = std::strerror(errno);
  return Socket();
}

}  // namespace

Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
Socket& Socket::operator=(Socket other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
Socket::~Socket() {
  if (open()) close(descriptor_);
}

Socket listen_at(int port, bool local) {
  // Of IPv6, which also takes connections by IPv4; where a machine has none, of IPv4.
  Socket socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(static_cast<std::uint16_t>(port));
  six.sin6_addr = in6addr_any;
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = six.sin6_port;
  four.sin_addr.s_addr = htonl(local ? INADDR_LOOPBACK : INADDR_ANY);
  const bool by_six = socket.open() && !local;
  if (!by_six) socket = Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  set(socket, SOL_SOCKET, SO_REUSEADDR, 1);  // connections of an earlier run may still be ending
  if (by_six) set(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  const auto* address = by_six ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&four);
  const socklen_t size = by_six ? sizeof six : sizeof four;
  EXPECTS(bind(socket.descriptor(), address, size) == 0 && listen(socket.descriptor(), SOMAXCONN) == 0,
          "rank 0 cannot wait for the other ranks at port ", port, ": ", std::strerror(errno),
          "; set MASTER_PORT to a free port, the same for all ranks");
  return socket;
}

int port_of(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

Socket accept_from(const Socket& listening, const StillWaiting& still_waiting) {
  for (;;) {
    await(listening, POLLIN, still_waiting);
    Socket connection(accept4(listening.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.open()) continue;  // it was given up meanwhile
    prepare(connection);
    return connection;
  }
}

Socket connect_to(const std::string& host, int port, const std::function<void(const std::string& why)>& still_waiting) {
  const std::string service = std::to_string(port);
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  std::string why;
  for (;;) {
    addrinfo* found = nullptr;
    if (const int status = getaddrinfo(host.c_str(), service.c_str(), &wanted, &found); status != 0) {
      why = gai_strerror(status);
    } else {
      const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
      for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
        Socket socket = try_to_connect(*address, why);
        if (!socket.open()) continue;
        prepare(socket);
        return socket;
      }
    }
    still_waiting(why);
    usleep(50'000);
  }
}

bool send_bytes(const Socket& to, const void* data, std::size_t bytes, const StillWaiting& still_waiting) {
  const auto* at = static_cast<const std::byte*>(data);
  while (bytes > 0) {
    const ssize_t sent = send(to.descriptor(), at, bytes, MSG_NOSIGNAL);
    if (would_block(sent)) {
      await(to, POLLOUT, still_waiting);
      continue;
    }
    if (sent <= 0) return false;
    at += sent;
    bytes -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_bytes(const Socket& from, void* data, std::size_t bytes, const StillWaiting& still_waiting) {
  auto* at = static_cast<std::byte*>(data);
  while (bytes > 0) {
    const ssize_t received = recv(from.descriptor(), at, bytes, 0);
    if (would_block(received)) {
      await(from, POLLIN, still_waiting);
      continue;
    }
    if (received <= 0) return false;
    at += received;
    bytes -= static_cast<std::size_t>(received);
  }
  return true;
}

void end_connection(const Socket& socket, const StillWaiting& still_waiting) {
  shutdown(socket.descriptor(), SHUT_WR);
  std::byte unread[4096];
  while (receive_bytes(socket, unread, sizeof unread, still_waiting)) {}
}

}  // namespace kernels
