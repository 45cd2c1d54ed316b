//! A body that is coded while it is sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rocket::tokio::io::{AsyncRead, ReadBuf};

use super::encoder::{Encoder, Levels};
use crate::config::Coding;

/// So much of the body is read at once, in bytes.
const PIECE: usize = 16 << 10;

/// After so many pieces without a byte to send, other requests get their turn.
const PIECES_IN_A_ROW: usize = 4;

/// A body that is coded piece by piece, while it is sent: neither the body nor what becomes of it is ever in memory as
/// a whole.
///
/// Where the size of the body isn't known, its source may make it as time goes by. So whenever the source pauses, all that
/// it has given so far goes out.
pub(crate) struct CodedBody<R> {
    source: R,
    coding: Coding,
    levels: Levels,
    size: Option<usize>,
    state: State,
    /// What is ready to be sent, and how much of it was.
    ready: Vec<u8>,
    sent: usize,
    /// Whether the encoder holds back something that was read.
    holds_back: bool,
}

enum State {
    /// Nothing was read yet, and nothing is allocated: HEAD never asks for any.
    New,
    Coding {
        encoder: Encoder,
        piece: Box<[u8]>,
    },
    Ended,
}

impl<R> CodedBody<R> {
    /// The coded form of a source with so many bytes, where that is known.
    pub(crate) fn new(source: R, coding: Coding, levels: Levels, size: Option<usize>) -> Self {
        let (state, ready) = (State::New, Vec::new());
        Self { source, coding, levels, size, state, ready, sent: 0, holds_back: false }
    }
}

impl<R: AsyncRead + Unpin> CodedBody<R> {
    /// Reads until there is something to send, or the end is reached.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        for _ in 0..PIECES_IN_A_ROW {
            let (encoder, piece) = match &mut self.state {
                State::Coding { encoder, piece } => (encoder, piece),
                State::New => {
                    // No size: what the source has promised of it need not be true, and an encoder would insist.
                    let encoder = Encoder::new(self.coding, self.levels, None)?;
                    self.state = State::Coding { encoder, piece: vec![0; PIECE].into_boxed_slice() };
                    continue;
                }
                State::Ended => return Poll::Ready(Ok(())),
            };
            let mut read = ReadBuf::new(piece);
            match Pin::new(&mut self.source).poll_read(context, &mut read) {
                Poll::Pending => {
                    if self.size.is_some() || !self.holds_back {
                        return Poll::Pending;
                    }
                    encoder.flush()?;
                    self.holds_back = false;
                    (self.ready, self.sent) = (encoder.take(), 0);
                    // If there was nothing in it after all, the source wakes this.
                    return if self.ready.is_empty() { Poll::Pending } else { Poll::Ready(Ok(())) };
                }
                Poll::Ready(outcome) => outcome?,
            }
            let read = read.filled();
            if read.is_empty() {
                let State::Coding { encoder, .. } = std::mem::replace(&mut self.state, State::Ended) else {
                    return Poll::Ready(Ok(()));
                };
                (self.ready, self.sent) = (encoder.finish()?, 0);
                return Poll::Ready(Ok(()));
            }
            encoder.write(read)?;
            self.holds_back = true;
            (self.ready, self.sent) = (encoder.take(), 0);
            if !self.ready.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for CodedBody<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.sent == this.ready.len() {
            ready!(this.poll_more(context))?;
        }
        let rest = this.ready.get(this.sent..).unwrap_or_default();
        let next = rest.get(..buffer.remaining()).unwrap_or(rest);
        buffer.put_slice(next);
        this.sent += next.len();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use rocket::tokio::io::AsyncReadExt;

    use super::*;
    use crate::compression::encoder::tests::{decode, levels, text};

    /// A source that gives these pieces, each after a pause.
    struct Pieces {
        pieces: VecDeque<Vec<u8>>,
        paused: bool,
    }

    impl AsyncRead for Pieces {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.paused = !self.paused;
            if self.paused {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if let Some(piece) = self.pieces.pop_front() {
                let (now, later) = piece.split_at(piece.len().min(buffer.remaining()));
                buffer.put_slice(now);
                if !later.is_empty() {
                    self.pieces.push_front(later.to_vec());
                }
            }
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn a_stream_is_the_same_when_it_is_decoded() {
        rocket::async_test(async {
            for coding in Coding::ALL {
                for size in [0, 1, 4095, 16_384, 100_000, 2 << 20] {
                    let body = text(size);
                    let mut coded = Vec::new();
                    let mut stream = CodedBody::new(&body[..], *coding, levels(), Some(size));
                    stream.read_to_end(&mut coded).await.expect("a body");
                    assert_eq!(decode(*coding, &coded), body, "{coding:?} {size}");
                    assert!(size < 5000 || coded.len() < size * 2 / 3, "{coding:?} {size} {}", coded.len());
                }
            }
        });
    }

    #[test]
    fn what_the_source_has_given_goes_out_when_it_pauses() {
        rocket::async_test(async {
            for coding in Coding::ALL {
                let pieces: VecDeque<_> =
                    (0..20).map(|number| format!("line {number}\n").into_bytes()).collect();
                let whole: Vec<u8> = pieces.iter().flatten().copied().collect();
                let mut stream = CodedBody::new(Pieces { pieces, paused: false }, *coding, levels(), None);
                let (mut coded, mut reads) = (Vec::new(), 0);
                loop {
                    let mut part = [0; 4096];
                    let read = stream.read(&mut part).await.expect("a part");
                    if read == 0 {
                        break;
                    }
                    reads += 1;
                    coded.extend_from_slice(&part[..read]);
                }
                assert!(reads >= 20, "{coding:?}: each line by itself, {reads}");
                assert_eq!(decode(*coding, &coded), whole, "{coding:?}");
            }
        });
    }

    struct Failing;

    impl AsyncRead for Failing {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
        }
    }

    #[test]
    fn an_error_of_the_source_is_told() {
        rocket::async_test(async {
            let mut stream = CodedBody::new(Failing, Coding::Gzip, levels(), None);
            assert!(stream.read_to_end(&mut Vec::new()).await.is_err());
        });
    }
}
