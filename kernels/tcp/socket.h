#pragma once
#include <cstddef>
#include <functional>
#include <string>

namespace kernels {

/// An open TCP socket; closed with this object.
class Socket {
 public:
  explicit Socket(int descriptor = -1) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket other) noexcept;
  ~Socket();
  int descriptor() const { return descriptor_; }
  bool open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

/// Called a few times a second while somebody waits; throws when that has taken too long.
using StillWaiting = std::function<void()>;

/// A socket that takes connections at `port`, or at a free port if it is 0. `local`: only from this machine. Throws if
/// the port is in use.
Socket listen_at(int port, bool local);
int port_of(const Socket& socket);
/// The next connection to a listening socket.
Socket accept_from(const Socket& listening, const StillWaiting& still_waiting);
/// A connection to a host, as soon as there is somebody who takes it.
Socket connect_to(const std::string& host, int port, const std::function<void(const std::string& why)>& still_waiting);

/// These return false if the other end is closed.
[[nodiscard]] bool send_bytes(const Socket& to, const void* data, std::size_t bytes, const StillWaiting& still_waiting);
[[nodiscard]] bool receive_bytes(const Socket& from, void* data, std::size_t bytes, const StillWaiting& still_waiting);
/// Says that nothing more is sent, and reads until the other end is closed. What was sent arrives only so: who closes
/// with unread data takes it back.
void end_connection(const Socket& socket, const StillWaiting& still_waiting);

}  // namespace kernels
