//! The guest of sockets.cc as a component of the world wasi:cli/command: the sockets of WASI 0.2, through the
//! standard library.
//!
//!     component_sockets serve | call PORT | datagram PORT | resolve NAME
use std::env;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

fn run(what: &str, argument: &str) -> std::io::Result<()> {
    match what {
        "serve" => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            println!("{}", listener.local_addr()?.port());
            let (mut connection, _) = listener.accept()?;
            let mut text = [0; 64];
            loop {
                let size = connection.read(&mut text)?;
                if size == 0 {
                    return Ok(());
                }
                text[..size].make_ascii_uppercase();
                connection.write_all(&text[..size])?;
            }
        }
        "call" => {
            let mut connection = TcpStream::connect(format!("127.0.0.1:{argument}"))?;
            connection.write_all(b"hello")?;
            let mut text = [0; 5];
            connection.read_exact(&mut text)?;
            assert_eq!(&text, b"HELLO");
            Ok(())
        }
        "datagram" => {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.send_to(b"hello", format!("127.0.0.1:{argument}"))?;
            let mut text = [0; 64];
            let (size, _) = socket.recv_from(&mut text)?;
            assert_eq!(&text[..size], b"HELLO");
            Ok(())
        }
        "resolve" => {
            let found = (argument, 80).to_socket_addrs()?.any(|address| address.ip().is_loopback());
            assert!(found, "no address of {argument} is this machine's");
            Ok(())
        }
        _ => Err(std::io::Error::other("unknown word")),
    }
}

fn main() {
    let words: Vec<String> = env::args().collect();
    run(&words[1], words.get(2).map_or("", String::as_str)).unwrap();
    println!("ok");
}
