//! Standard streams without buffers or threads: a guest's read is read(2), its write is write(2) until
//! all is written. A descriptor that is non-blocking (an inherited pipe may be) is waited for with poll(2).

use std::io::{self, IsTerminal as _};
use std::os::fd::BorrowedFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

const CHUNK: usize = 64 * 1024;

/// A stream of the process. One that waits is ready for reading when its descriptor is (in a Tokio runtime with
/// I/O); any other is always ready and blocks where it is read.
#[derive(Clone, Copy)]
pub struct Stdio {
    fd: i32,
    waits: bool,
}

impl Stdio {
    pub fn blocking(fd: i32) -> Self {
        Self { fd, waits: false }
    }

    pub fn waiting(fd: i32) -> Self {
        Self { fd, waits: true }
    }

    fn wait(self, events: i16) {
        let mut entry = libc::pollfd {
            fd: self.fd,
            events,
            revents: 0,
        };
        // SAFETY: one valid entry. An error only makes the caller try again.
        unsafe { libc::poll(&mut entry, 1, -1) };
    }

    /// Repeats `call` until it neither was interrupted nor would block.
    fn retry(self, events: i16, mut call: impl FnMut() -> isize) -> io::Result<usize> {
        loop {
            let n = call();
            if n >= 0 {
                return Ok(n as usize);
            }
            let error = io::Error::last_os_error();
            match error.kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock => self.wait(events),
                _ => return Err(error),
            }
        }
    }

    fn read(self, buffer: &mut [u8]) -> io::Result<usize> {
        // SAFETY: the buffer is valid for its length.
        self.retry(libc::POLLIN, || unsafe {
            libc::read(self.fd, buffer.as_mut_ptr().cast(), buffer.len())
        })
    }

    fn write_all(self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            // SAFETY: the slice is valid for its length.
            let n = self.retry(libc::POLLOUT, || unsafe {
                libc::write(self.fd, bytes.as_ptr().cast(), bytes.len())
            })?;
            bytes = &bytes[n..];
        }
        Ok(())
    }
}

impl IsTerminal for Stdio {
    fn is_terminal(&self) -> bool {
        // SAFETY: only asked by number; a closed descriptor answers "no".
        unsafe { BorrowedFd::borrow_raw(self.fd) }.is_terminal()
    }
}

#[async_trait::async_trait]
impl Pollable for Stdio {
    async fn ready(&mut self) {
        if self.waits && self.fd == libc::STDIN_FILENO {
            // An error shows in the read that follows.
            let _ = crate::component::readable(self.fd).await;
        }
    }
}

impl InputStream for Stdio {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut buffer = vec![0; size.min(CHUNK)];
        if buffer.is_empty() {
            return Ok(Bytes::new());
        }
        match Stdio::read(*self, &mut buffer) {
            Ok(0) => Err(StreamError::Closed),
            Ok(n) => {
                buffer.truncate(n);
                Ok(buffer.into())
            }
            Err(error) => Err(StreamError::LastOperationFailed(error.into())),
        }
    }
}

impl OutputStream for Stdio {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.write_all(&bytes)
            .map_err(|error| StreamError::LastOperationFailed(error.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK)
    }
}

impl AsyncRead for Stdio {
    fn poll_read(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Stdio::read(*self, buffer.initialize_unfilled()).map(|n| buffer.advance(n)))
    }
}

impl AsyncWrite for Stdio {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write_all(bytes).map(|()| bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl StdinStream for Stdio {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(*self)
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(*self)
    }
}

impl StdoutStream for Stdio {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(*self)
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(*self)
    }
}
