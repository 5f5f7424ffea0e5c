//! `poll_oneoff` by poll(2) on the guest's thread.
//!
//! Guest descriptors 0, 1, 2 are the process's; every other one is a file or directory, which POSIX
//! calls always ready. So a guest that renumbered its standard streams polls them as files, and a
//! descriptor that is not open reads as ready and fails in the call that follows.
//! Source: WASI preview 1, `poll_oneoff`, `subscription` (48 bytes) and `event` (32 bytes).

use std::io;
use std::time::Duration;

use wasmtime::{Caller, Extern, Result, bail};
use wasmtime_c_api::WasmtimeStoreData;

const SUBSCRIPTION: usize = 48;
const EVENT: usize = 32;

const ERRNO_SUCCESS: i32 = 0;
const ERRNO_FAULT: i32 = 21;
const ERRNO_INVAL: i32 = 28;

const TAG_CLOCK: u8 = 0;
const TAG_FD_READ: u8 = 1;
const TAG_FD_WRITE: u8 = 2;
const CLOCK_ABSTIME: u16 = 1;
const HANGUP: u16 = 1;

struct Subscription {
    userdata: u64,
    tag: u8,
    fd: u32,
    wait: Duration, // of a clock, from now
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

pub fn now(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a valid timespec; both clocks exist on every Linux.
    unsafe { libc::clock_gettime(clock, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn parse(bytes: &[u8]) -> Option<Subscription> {
    let mut parsed = Subscription {
        userdata: u64_at(bytes, 0),
        tag: bytes[8],
        fd: u32_at(bytes, 16),
        wait: Duration::ZERO,
    };
    match parsed.tag {
        TAG_CLOCK => {
            let timeout = Duration::from_nanos(u64_at(bytes, 24));
            let clock = match u32_at(bytes, 16) {
                0 => libc::CLOCK_REALTIME,
                1 => libc::CLOCK_MONOTONIC,
                _ => return None,
            };
            let relative = u16_at(bytes, 40) & CLOCK_ABSTIME == 0;
            parsed.wait = if relative {
                timeout
            } else {
                timeout.saturating_sub(now(clock))
            };
        }
        TAG_FD_READ | TAG_FD_WRITE => {}
        _ => return None,
    }
    Some(parsed)
}

/// What poll(2) said of a subscription: whether its event is due, bytes to read, and the peer's hang-up.
struct Outcome {
    due: bool,
    bytes: u64,
    flags: u16,
}

fn readable_bytes(fd: i32) -> u64 {
    let mut count: libc::c_int = 0;
    // SAFETY: FIONREAD writes one int; on descriptors that have none it fails and leaves 0.
    unsafe { libc::ioctl(fd, libc::FIONREAD, &mut count) };
    count.max(0) as u64
}

/// Waits until at least one subscription is due.
fn wait(subscriptions: &[Subscription]) -> io::Result<Vec<Outcome>> {
    let start = now(libc::CLOCK_MONOTONIC);
    let mut entries: Vec<libc::pollfd> = Vec::with_capacity(subscriptions.len());
    let mut shortest: Option<Duration> = None;
    for s in subscriptions {
        // A negative fd makes poll(2) pass over the entry.
        let mut entry = libc::pollfd {
            fd: -1,
            events: 0,
            revents: 0,
        };
        if s.tag == TAG_CLOCK {
            shortest = Some(shortest.map_or(s.wait, |w| w.min(s.wait)));
        } else if s.fd > 2 {
            shortest = Some(Duration::ZERO);
        } else {
            entry.fd = s.fd as i32;
            entry.events = if s.tag == TAG_FD_READ {
                libc::POLLIN
            } else {
                libc::POLLOUT
            };
        }
        entries.push(entry);
    }
    loop {
        let elapsed = now(libc::CLOCK_MONOTONIC).saturating_sub(start);
        let left = shortest.map(|w| w.saturating_sub(elapsed));
        let timeout = left.map(|l| libc::timespec {
            tv_sec: l.as_secs().min(i64::MAX as u64) as libc::time_t,
            tv_nsec: l.subsec_nanos() as libc::c_long,
        });
        let timeout_pointer = timeout
            .as_ref()
            .map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: entries and timeout are valid for the call; no signal mask is given.
        let n = unsafe {
            libc::ppoll(
                entries.as_mut_ptr(),
                entries.len() as libc::nfds_t,
                timeout_pointer,
                std::ptr::null(),
            )
        };
        if n >= 0 {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let elapsed = now(libc::CLOCK_MONOTONIC).saturating_sub(start);
    Ok(subscriptions
        .iter()
        .zip(&entries)
        .map(|(s, entry)| match s.tag {
            TAG_CLOCK => Outcome {
                due: s.wait <= elapsed,
                bytes: 0,
                flags: 0,
            },
            _ if s.fd > 2 => Outcome {
                due: true,
                bytes: 1,
                flags: 0,
            },
            tag => Outcome {
                due: entry.revents != 0,
                bytes: if tag == TAG_FD_READ {
                    readable_bytes(entry.fd)
                } else {
                    1
                },
                flags: if entry.revents & libc::POLLHUP != 0 {
                    HANGUP
                } else {
                    0
                },
            },
        })
        .collect())
}

/// Runs `body` on the guest's memory; false when it exports none or `body` finds an offset outside it.
fn with_memory(
    caller: &mut Caller<'_, WasmtimeStoreData>,
    body: impl FnOnce(&mut [u8]) -> Option<()>,
) -> Result<bool> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(body(memory.data_mut(caller)).is_some()),
        _ => bail!("poll_oneoff: the module exports no memory named \"memory\""),
    }
}

pub fn poll_oneoff(
    mut caller: Caller<'_, WasmtimeStoreData>,
    subscriptions: i32,
    events: i32,
    count: i32,
    count_out: i32,
) -> Result<i32> {
    let (count, events) = (count as u32 as usize, events as u32 as usize);
    let (first, count_out) = (subscriptions as u32 as usize, count_out as u32 as usize);
    let mut parsed: Vec<Option<Subscription>> = Vec::new();
    let in_bounds = with_memory(&mut caller, |memory| {
        let end = first.checked_add(count.checked_mul(SUBSCRIPTION)?)?;
        parsed = memory
            .get(first..end)?
            .chunks_exact(SUBSCRIPTION)
            .map(parse)
            .collect();
        Some(())
    })?;
    if !in_bounds {
        return Ok(ERRNO_FAULT);
    }
    let parsed: Vec<Subscription> = match parsed.into_iter().collect::<Option<Vec<_>>>() {
        Some(all) if !all.is_empty() => all,
        _ => return Ok(ERRNO_INVAL), // no subscription, or one of a kind or clock that is not known
    };
    let outcomes = wait(&parsed)?;
    let in_bounds = with_memory(&mut caller, |memory| {
        let mut due: u32 = 0;
        for (s, outcome) in parsed.iter().zip(&outcomes).filter(|(_, o)| o.due) {
            let start = events.checked_add(due as usize * EVENT)?;
            let event = memory.get_mut(start..start.checked_add(EVENT)?)?;
            event.fill(0); // also errno: success
            event[0..8].copy_from_slice(&s.userdata.to_le_bytes());
            event[10] = s.tag;
            event[16..24].copy_from_slice(&outcome.bytes.to_le_bytes());
            event[24..26].copy_from_slice(&outcome.flags.to_le_bytes());
            due += 1;
        }
        memory
            .get_mut(count_out..count_out.checked_add(4)?)?
            .copy_from_slice(&due.to_le_bytes());
        Some(())
    })?;
    Ok(if in_bounds {
        ERRNO_SUCCESS
    } else {
        ERRNO_FAULT
    })
}
