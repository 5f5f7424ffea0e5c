#include "shim/console.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace mayfly::shim {

using base::FailErrno;
using base::Result;

namespace {

constexpr size_t kChunkBytes = 16384;

bool IsNoneNow() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

Console::~Console() { End(); }

Result<void> Console::Begin() {
  const int flags = ::fcntl(master_.get(), F_GETFL);
  if (flags < 0 || ::fcntl(master_.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return FailErrno("the guest's terminal");
  }
  Update();
  // A file that is always readable (/dev/null) cannot be watched: there is no input then.
  input_open_ = input_wanted_ != 0;
  return {};
}

Result<void> Console::Resize(uint16_t columns, uint16_t rows) const {
  const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::ioctl(master_.get(), TIOCSWINSZ, &size) != 0) {
    return FailErrno("resize the terminal");
  }
  return {};
}

void Console::OnMaster(uint32_t events) {
  if ((events & EPOLLOUT) != 0) {
    WriteMaster();
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    ReadMaster();
  }
  Update();
}

void Console::ReadMaster() {
  if (!to_reader_.empty() || !master_open_) {
    return;
  }
  std::array<char, kChunkBytes> bytes;
  const ssize_t got = ::read(master_.get(), bytes.data(), bytes.size());
  if (got > 0) {
    to_reader_.assign(bytes.data(), static_cast<size_t>(got));
    OnOutput();
  } else if (got == 0 || !IsNoneNow()) {
    master_open_ = false;  // EIO: nobody holds the other end
  } else if (draining_) {
    master_open_ = false;  // a background process may still hold it: the guest has ended
  }
}

void Console::OnOutput() {
  while (!to_reader_.empty()) {
    const ssize_t sent = ::write(streams_.given()[1], to_reader_.data(), to_reader_.size());
    if (sent >= 0) {
      to_reader_.erase(0, static_cast<size_t>(sent));
    } else if (IsNoneNow()) {
      return;
    } else {
      to_reader_.clear();  // the file cannot be written: the guest is not ended by that
    }
  }
}

void Console::OnInput() {
  if (to_guest_.empty()) {
    std::array<char, kChunkBytes> bytes;
    const ssize_t got = ::read(streams_.given()[0], bytes.data(), bytes.size());
    if (got > 0) {
      to_guest_.assign(bytes.data(), static_cast<size_t>(got));
    } else if (got == 0 || !IsNoneNow()) {
      input_open_ = false;
    }
  }
  WriteMaster();
  Update();
}

void Console::WriteMaster() {
  if (to_guest_.empty()) {
    return;
  }
  const ssize_t sent = ::write(master_.get(), to_guest_.data(), to_guest_.size());
  if (sent > 0) {
    to_guest_.erase(0, static_cast<size_t>(sent));
  } else if (sent < 0 && !IsNoneNow()) {
    to_guest_.clear();
  }
}

// What is waited for now: never for bytes that there is no room for.
void Console::Update() {
  if (ended_) {
    return;
  }
  if (draining_ && !master_open_ && to_reader_.empty()) {
    End();
    return;
  }
  Want(master_.get(),
       !master_open_ ? 0U
                     : (to_reader_.empty() ? EPOLLIN : 0U) | (to_guest_.empty() ? 0U : EPOLLOUT),
       &master_wanted_, [this](uint32_t events) { OnMaster(events); });
  Want(streams_.given()[0], input_open_ && to_guest_.empty() ? EPOLLIN : 0U, &input_wanted_,
       [this](uint32_t) { OnInput(); });
  Want(streams_.given()[1], to_reader_.empty() ? 0U : EPOLLOUT, &output_wanted_, [this](uint32_t) {
    OnOutput();
    if (draining_) {
      Drain();
    } else {
      Update();
    }
  });
}

// A descriptor that nothing is wanted of is not watched at all: a hang-up would be told forever.
bool Console::Want(int fd, uint32_t events, uint32_t* wanted, EventLoop::Callback callback) {
  const uint32_t before = std::exchange(*wanted, events);
  if (events == 0) {
    loop_->Forget(fd);
  } else if (before != 0) {
    loop_->Change(fd, events);
  } else if (!loop_->Watch(fd, events, std::move(callback))) {
    *wanted = 0;
    return false;
  }
  return true;
}

void Console::Drain() {
  draining_ = true;
  while (master_open_ && to_reader_.empty()) {
    ReadMaster();
  }
  Update();
}

void Console::End() {
  if (ended_) {
    return;
  }
  ended_ = true;
  loop_->Forget(master_.get());
  loop_->Forget(streams_.given()[0]);
  loop_->Forget(streams_.given()[1]);
  streams_.CloseAll();
}

}  // namespace mayfly::shim
