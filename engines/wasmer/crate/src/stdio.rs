//! Standard streams without buffers or threads: a guest's read is readv(2), its write is writev(2) until
//! all is written. A descriptor that is non-blocking (an inherited pipe may be) is waited for with poll(2).

use std::any::Any;
use std::io::{self, IoSlice, IoSliceMut, IsTerminal as _};
use std::os::fd::BorrowedFd;

use wasi_common::file::{FdFlags, FileType};
use wasi_common::{Error, ErrorExt as _, WasiFile};

const MAX_BUFFERS: usize = 1024; // IOV_MAX

pub struct Stdio(pub i32);

impl Stdio {
    fn fd(&self) -> BorrowedFd<'_> {
        // SAFETY: only used by number; calls on a closed descriptor fail with EBADF.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }

    /// Repeats `call` until it neither was interrupted nor would block.
    fn retry(&self, events: i16, mut call: impl FnMut() -> isize) -> io::Result<usize> {
        loop {
            let n = call();
            if n >= 0 {
                return Ok(n as usize);
            }
            let error = io::Error::last_os_error();
            match error.kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock => {
                    let mut entry = libc::pollfd {
                        fd: self.0,
                        events,
                        revents: 0,
                    };
                    // SAFETY: one valid entry. An error only makes the call be tried again.
                    unsafe { libc::poll(&mut entry, 1, -1) };
                }
                _ => return Err(error),
            }
        }
    }
}

#[wiggle::async_trait]
impl WasiFile for Stdio {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn pollable(&self) -> Option<rustix::fd::BorrowedFd<'_>> {
        Some(self.fd())
    }

    fn isatty(&self) -> bool {
        self.fd().is_terminal()
    }

    async fn get_filetype(&self) -> Result<FileType, Error> {
        Ok(if self.isatty() {
            FileType::CharacterDevice
        } else {
            FileType::Unknown
        })
    }

    async fn get_fdflags(&self) -> Result<FdFlags, Error> {
        Ok(FdFlags::empty())
    }

    async fn read_vectored<'a>(&self, buffers: &mut [IoSliceMut<'a>]) -> Result<u64, Error> {
        let count = buffers.len().min(MAX_BUFFERS) as i32;
        // SAFETY: IoSliceMut has the layout of iovec.
        let n = self.retry(libc::POLLIN, || unsafe {
            libc::readv(self.0, buffers.as_mut_ptr().cast(), count)
        })?;
        Ok(n as u64)
    }

    async fn write_vectored<'a>(&self, buffers: &[IoSlice<'a>]) -> Result<u64, Error> {
        let total: usize = buffers.iter().map(|b| b.len()).sum();
        let mut copies: Vec<IoSlice> = buffers.to_vec();
        let mut rest = copies.as_mut_slice();
        let mut written = 0;
        loop {
            let count = rest.len().min(MAX_BUFFERS) as i32;
            // SAFETY: IoSlice has the layout of iovec.
            let n = self.retry(libc::POLLOUT, || unsafe {
                libc::writev(self.0, rest.as_ptr().cast(), count)
            })?;
            written += n;
            if written >= total {
                return Ok(written as u64);
            }
            IoSlice::advance_slices(&mut rest, n);
        }
    }

    async fn seek(&self, _position: io::SeekFrom) -> Result<u64, Error> {
        Err(Error::seek_pipe())
    }

    async fn peek(&self, _buffer: &mut [u8]) -> Result<u64, Error> {
        Err(Error::seek_pipe())
    }

    async fn read_vectored_at<'a>(
        &self,
        _buffers: &mut [IoSliceMut<'a>],
        _offset: u64,
    ) -> Result<u64, Error> {
        Err(Error::seek_pipe())
    }

    async fn write_vectored_at<'a>(
        &self,
        _buffers: &[IoSlice<'a>],
        _offset: u64,
    ) -> Result<u64, Error> {
        Err(Error::seek_pipe())
    }

    fn num_ready_bytes(&self) -> Result<u64, Error> {
        let mut count: libc::c_int = 0;
        // SAFETY: FIONREAD writes one int; on descriptors that have none it fails and leaves 0.
        unsafe { libc::ioctl(self.0, libc::FIONREAD, &mut count) };
        Ok(count.max(0) as u64)
    }

    async fn readable(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn writable(&self) -> Result<(), Error> {
        Ok(())
    }
}
