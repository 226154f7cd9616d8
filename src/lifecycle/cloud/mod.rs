//! Moving cloud resources from one certificate to another: the work of one target + an answer → the next thing to ask.
//!
//! The service does the moving in tasks of its own, which may be slow, fail in part, or be under way although nobody
//! remembers asking for them. So the work begins and ends with a look at what is bound, every task that is not yet
//! followed to its end is followed before another is asked for, and what a task says of itself is never the last word.
//! A crash goes on from what was written down.
//!
//! What is to be moved is cut into parts: what one earlier certificate has of one type in one region, and each named
//! instance. Each part has its own failures and its own pause, so that one which always fails keeps no other from being
//! moved. All is done when a look that lacks nothing shows no part any more.
//!
//! - `work`: the work on one target, and its pace;
//! - `protocol`: what is wanted, what is asked of the service, and what it answers;
//! - `part`: what is to be moved, and an attempt at it;
//! - `look`: how far the look at what is bound is;
//! - `turns`: whose turn it is, and when;
//! - `answer`: an answer of the service's, judged: about an attempt, else by `looked`;
//! - `looked`: an answer about what is bound, judged;
//! - `decide`: what a look at what is bound leads to; `view`: what is wanted, held against that.

mod answer;
mod decide;
mod look;
mod looked;
mod part;
mod protocol;
#[cfg(test)]
mod tests;
mod turns;
mod view;
mod work;

pub use look::{Look, LookUp, Role, Sight};
pub use part::{Attempt, Batch, Follow, LOAD_BALANCER, Part, Phase, Place};
pub use protocol::{Answer, Bound, Count, Progress, Question, Type, Unknown, WantedResources};
pub use work::{CloudMoment, CloudPace, Goal, Verdict, Work};
