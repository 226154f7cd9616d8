//! Equal commands run one after the other, whoever starts them.
//!
//! A reload that begins while another one runs reads process ids, sockets and files that the other is about to change:
//! haproxy's `-sf` leaves servers behind that way. So whoever runs a command of the operator's takes its turn first, and
//! whoever writes files that a command reads keeps the command's turn meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// The commands that somebody runs or waits for. One a process: two engines of one process share the machine too.
static QUEUES: Mutex<BTreeMap<String, Weak<Queue<()>>>> = Mutex::new(BTreeMap::new());

/// The right to run some commands. Dropping it lets the next one have them.
#[derive(Debug)]
pub struct Turn {
    _guards: Vec<OwnedMutexGuard<()>>,
}

/// What a command is known by: its program and arguments as they are written.
#[must_use]
pub fn name(command: &[String]) -> String {
    command.join("\0")
}

/// Waits until nobody runs any of these commands, and keeps others from it. In the order of their arrival; several are
/// taken in one fixed order, so that two who want the same ones never wait for each other. Whoever has a turn asks for no
/// other one meanwhile.
pub async fn turn<'a>(commands: impl IntoIterator<Item = &'a [String]>) -> Turn {
    let names: BTreeSet<String> = commands.into_iter().map(name).collect();
    let mut guards = Vec::with_capacity(names.len());
    for name in &names {
        guards.push(queue(name).lock_owned().await);
    }
    Turn { _guards: guards }
}

fn queue(name: &str) -> Arc<Queue<()>> {
    let mut queues = QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(queue) = queues.get(name).and_then(Weak::upgrade) {
        return queue;
    }
    queues.retain(|_, queue| queue.strong_count() > 0);
    let queue = Arc::new(Queue::new(()));
    queues.insert(name.to_owned(), Arc::downgrade(&queue));
    queue
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn equal_commands_have_one_turn_at_a_time_and_others_do_not_wait() {
        let inside = Arc::new(AtomicUsize::new(0));
        let tasks = (0..20).map(|_| {
            let inside = Arc::clone(&inside);
            tokio::spawn(async move {
                let command = words("turns-test reload one");
                let _turn = turn([command.as_slice()]).await;
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                tokio::task::yield_now().await;
                inside.fetch_sub(1, Ordering::SeqCst);
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        let installed = words("turns-test reload one");
        let _held = turn([installed.as_slice()]).await;
        let other = words("turns-test reload two");
        // It waits for nobody.
        drop(turn([other.as_slice()]).await);
    }

    #[tokio::test]
    async fn two_who_want_the_same_commands_in_another_order_never_wait_for_each_other() {
        let (a, b) = (words("turns-test a"), words("turns-test b"));
        for _ in 0..100 {
            let (one, two) = ((a.clone(), b.clone()), (b.clone(), a.clone()));
            let first = tokio::spawn(async move { turn([&one.0[..], &one.1[..]]).await });
            let second = tokio::spawn(async move { turn([&two.0[..], &two.1[..]]).await });
            drop(first.await.unwrap());
            drop(second.await.unwrap());
        }
    }
}
