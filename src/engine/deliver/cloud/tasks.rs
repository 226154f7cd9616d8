//! The calls that ask for tasks and follow them, and their answers as the work understands them.

use std::slice;

use chrono::{DateTime, TimeDelta, Utc};

use super::job::{Job, code_is};
use crate::engine::Settings;
use crate::engine::fence::{Fence, ServiceTime};
use crate::lifecycle::cloud::{Answer, Batch, Follow, Question, Work};
use crate::lifecycle::{Class, Orders};
use crate::tencent::ApiError;
use crate::tencent::client::Answered;
use crate::tencent::deploy::{Deployment, Move, RecordKind};

impl Job<'_> {
    /// The answer to what the work asks. An error of a call that asks for a task is a refusal that certainly made none.
    /// What begins or ends something is signed with `at`, where that is given.
    pub(super) async fn call(
        &self,
        work: &Work,
        question: &Question,
        at: Option<DateTime<Utc>>,
    ) -> Result<Answer, ApiError> {
        match question {
            Question::LookUp => self.look_up(work).await,
            Question::Found(look_ups) => self.found(look_ups).await,
            Question::Tasks(batch) => Ok(Answer::Tasks(self.tasks(work, batch).await?.value)),
            Question::Progress(batch, follow) => self.progress(batch, follow).await,
            Question::Task(batch) => self.ask_for(work, batch, at).await,
            Question::Retry(follow) => self.retry(follow, at).await,
        }
    }

    async fn tasks(&self, work: &Work, batch: &Batch) -> Result<Answered<Vec<i64>>, ApiError> {
        let to = &work.to;
        match batch {
            Batch::Move { from, kind, .. } => {
                let types = slice::from_ref(kind);
                self.read(|| self.client.update_records(from, to, types))
                    .await
            }
            Batch::Deploy { kind, .. } => self.read(|| self.client.deploy_records(to, kind)).await,
        }
    }

    /// Whether this machine may begin what is asked for: in a fleet, in its turn, on what the service shows then. The time to
    /// sign with, where that is the service's; else what is answered instead.
    pub(super) async fn may_begin(
        &self,
        work: &Work,
        question: &Question,
    ) -> Result<Option<DateTime<Utc>>, Result<Answer, ApiError>> {
        let settings = self.delivering.settings;
        let orders = Settings::orders_of(&settings.config, None);
        if orders == Orders::Here {
            return Ok(None);
        }
        let not_now = |pause| Err(Ok(Answer::NotNow(pause)));
        let (date, read_at) = match question {
            Question::Task(batch) => {
                let tasks = self.tasks(work, batch).await.map_err(Err)?;
                // What another machine has begun meanwhile is followed.
                if tasks.value.iter().any(|task| !work.knows(*task)) {
                    return not_now(TimeDelta::zero());
                }
                (tasks.date, tasks.read_at)
            }
            Question::Retry(follow) => {
                let kind = RecordKind::Update;
                let look = self.client.deploy_progress(kind, follow.record);
                let progress = look.await.map_err(Err)?;
                if !progress.value.is_settled() || progress.value.failed == 0 {
                    return not_now(TimeDelta::zero());
                }
                (progress.date, progress.read_at)
            }
            _ => return Ok(None),
        };
        let since_boot = self.delivering.engine.environment.clock.since_boot();
        let time = date.map(|at| ServiceTime { at, read_at });
        match Fence::at(orders, time, since_boot) {
            Fence::Free => Ok(None),
            Fence::At(at) => Ok(Some(at)),
            Fence::Closed(pause) => not_now(pause),
            _ => not_now(orders.look().unwrap_or(TimeDelta::hours(1))),
        }
    }

    async fn progress(&self, batch: &Batch, follow: &Follow) -> Result<Answer, ApiError> {
        let kind = match batch {
            Batch::Move { .. } => RecordKind::Update,
            Batch::Deploy { .. } => RecordKind::Deploy,
        };
        let record = follow.record;
        match self
            .read(|| self.client.deploy_progress(kind, record))
            .await
        {
            Ok(answer) => Ok(Answer::Progress(answer.value)),
            Err(error) if code_is(&error, "CertificateDeployNotExist") => Ok(Answer::Over),
            Err(error) => Err(error),
        }
    }

    async fn ask_for(
        &self,
        work: &Work,
        batch: &Batch,
        at: Option<DateTime<Utc>>,
    ) -> Result<Answer, ApiError> {
        let to = &work.to;
        let answer = match batch {
            Batch::Move {
                from,
                kind,
                regions,
            } => {
                let named = (kind.clone(), regions.clone());
                let regions = match regions.is_empty() {
                    true => &[][..],
                    false => slice::from_ref(&named),
                };
                let wish = Move {
                    from,
                    to,
                    types: slice::from_ref(kind),
                    regions,
                    mutes: self.replaces(work, from),
                };
                self.client.update_instances(wish, at).await
            }
            Batch::Deploy {
                kind,
                instances,
                region,
            } => {
                let wish = Deployment {
                    certificate_id: to,
                    kind,
                    instances,
                    region: region.as_deref(),
                };
                self.client.deploy_instances(wish, at).await
            }
        };
        match answer {
            Ok(answer) => Ok(Answer::Task(answer.value)),
            Err(error) if error.is_throttle() => Err(error),
            Err(error) if code_is(&error, "CertificateDeployHasPendingRecord") => Ok(Answer::Busy),
            Err(error) if error.class() == Class::AlreadySo => Ok(Answer::Nothing),
            Err(error) if error.settled_as_not_made() || error.class() != Class::Transient => {
                Err(error)
            }
            Err(error) => Ok(Answer::Unknown(error.to_string())),
        }
    }

    /// Whether the service is to mail nobody any more about the end of `from`: it is replaced, and is none that was installed
    /// later and gone back from.
    fn replaces(&self, work: &Work, from: &str) -> bool {
        let mut latest_first = self.issued.iter();
        let first = latest_first.find(|one| {
            one.certificate_id == from || one.certificate_id == self.current.certificate_id
        });
        let is_later = first.is_some_and(|one| one.certificate_id == from);
        self.mutes && !is_later && work.replaces(from)
    }

    async fn retry(&self, follow: &Follow, at: Option<DateTime<Utc>>) -> Result<Answer, ApiError> {
        let over = [
            "CertificateDeployRetryStatusInvalid",
            "CertificateDeployNotExist",
        ];
        match self.client.retry_record(follow.record, at).await {
            Ok(_) => Ok(Answer::Retried),
            Err(error) if over.iter().any(|code| code_is(&error, code)) => Ok(Answer::Over),
            Err(error) if !error.is_throttle() && error.class() == Class::Transient => {
                Ok(Answer::Unknown(error.to_string()))
            }
            Err(error) => Err(error),
        }
    }
}
