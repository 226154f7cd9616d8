//! Each call that the work asks for, and its answer as the work understands it.

use super::Job;
use crate::lifecycle::Class;
use crate::lifecycle::cloud::{
    Answer, Ask, Batch, Bound, Count, Follow, Goal, LookUp, Phase, Progress, Role, Work,
};
use crate::tencent::ApiError;
use crate::tencent::deploy::{self, Deployment, LookedUp, Move, RecordKind};
use crate::tencent::ssl::{Listed, PageRequest, Status};

/// Somebody else's certificates that are looked up beside our own.
const MOST_FOREIGN: usize = 20;

impl Job<'_> {
    /// A call that changes nothing.
    pub(super) async fn look(&self, work: &Work, ask: Ask) -> Result<Answer, ApiError> {
        match ask {
            Ask::LookUp => self.look_up(work).await,
            Ask::Found(look_ups) => self.found(&look_ups).await,
            Ask::Tasks(batch) => {
                let tasks = match &batch {
                    Batch::Move { from, types, .. } => {
                        self.client.update_records(from, &work.to, types).await?
                    }
                    Batch::Deploy { kind, .. } => {
                        self.client.deploy_records(&work.to, kind).await?
                    }
                };
                Ok(Answer::Tasks(tasks.value))
            }
            Ask::Progress(follow) => self.progress(&follow).await,
            Ask::Task(_) | Ask::Retry(_) => Ok(Answer::Unknown("it was not asked".to_owned())),
        }
    }

    /// Begins to look up what the wanted certificate, the earlier ones of ours, and later ones of others are bound to.
    async fn look_up(&self, work: &Work) -> Result<Answer, ApiError> {
        let mine: Vec<String> = self
            .issued
            .iter()
            .filter(|one| one.account == self.current.account)
            .map(|one| one.certificate_id.clone())
            .collect();
        // By their ids: a search for the name may find more than one page.
        let listed = self.list(PageRequest {
            cert_ids: mine,
            ..PageRequest::from(0)
        });
        let mut look_ups = vec![(work.to.clone(), Role::Wanted, false)];
        for entry in listed.await? {
            let id = entry.certificate_id;
            let hosted = entry.hosting_status.is_some_and(|status| status >= 0);
            // Going back is about one certificate. What the service no longer lists can't be asked about.
            if id != work.to && (work.goal != Goal::Back || id == self.current.certificate_id) {
                look_ups.push((id, Role::Ours, hosted));
            }
        }
        // The latest first, in which the most is bound.
        let age = |id: &String| self.issued.iter().position(|one| one.certificate_id == *id);
        look_ups[1..].sort_by_key(|(id, _, _)| age(id));
        if work.goal != Goal::Back {
            let foreign = self.foreign().await?.into_iter();
            look_ups.extend(foreign.map(|(id, role)| (id, role, false)));
        }
        look_ups.truncate(deploy::MOST_LOOKED_UP);
        let ids: Vec<String> = look_ups.iter().map(|(id, _, _)| id.clone()).collect();
        let tasks = self.client.ask_bound(&ids).await?.value;
        let look_ups = look_ups
            .into_iter()
            .filter_map(|(certificate, role, hosted)| {
                let task = tasks
                    .iter()
                    .find(|task| task.certificate_id == certificate)?;
                Some(LookUp {
                    task: task.task_id.clone(),
                    certificate,
                    role,
                    hosted,
                })
            });
        Ok(Answer::LookingUp(look_ups.collect()))
    }

    /// Somebody else's certificates that cover this name and end later than ours.
    async fn foreign(&self) -> Result<Vec<(String, Role)>, ApiError> {
        let domain = &self.targets.known.domain;
        let www = format!("www.{domain}");
        let wildcard = domain
            .split_once('.')
            .map(|(_, parent)| format!("*.{parent}"));
        let listed = self.list(PageRequest {
            search_key: Some(domain.clone()),
            ..PageRequest::from(0)
        });
        let later = listed.await?.into_iter().filter(|entry| {
            entry.status == Status::Issued
                && self
                    .issued
                    .iter()
                    .all(|one| one.certificate_id != entry.certificate_id)
                && entry.end.is_some_and(|end| end > self.wanted.not_after)
                && entry
                    .sans
                    .iter()
                    .any(|name| name == domain || Some(name) == wildcard.as_ref())
        });
        let roles = later.map(|entry| {
            let alone = entry.sans.iter().all(|name| name == domain || *name == www);
            let role = if alone { Role::Foreign } else { Role::Wider };
            (entry.certificate_id, role)
        });
        Ok(roles.take(MOST_FOREIGN).collect())
    }

    async fn list(&self, request: PageRequest) -> Result<Vec<Listed>, ApiError> {
        Ok(self.client.certificates(&request).await?.value.certificates)
    }

    async fn found(&self, look_ups: &[LookUp]) -> Result<Answer, ApiError> {
        let tasks: Vec<deploy::LookUp> = look_ups
            .iter()
            .map(|look_up| deploy::LookUp {
                certificate_id: look_up.certificate.clone(),
                task_id: look_up.task.clone(),
            })
            .collect();
        let answers = match self.client.bound(&tasks).await {
            Ok(answers) => answers.value,
            Err(error) if code_is(&error, "CertificateSyncTaskIdInvalid") => {
                return Ok(Answer::Lost(error.to_string()));
            }
            Err(error) => return Err(error),
        };
        let mut bound = Bound::default();
        for (look_up, answer) in look_ups.iter().zip(answers) {
            let counts = match answer {
                LookedUp::Running => return Ok(Answer::Running),
                LookedUp::Failed(reason) => {
                    let id = &look_up.certificate;
                    let words = format!("what {id} is bound to could not be looked up: {reason}");
                    return Ok(Answer::Lost(words));
                }
                LookedUp::Done(counts) => counts,
            };
            for count in counts
                .into_iter()
                .filter(|count| self.concerns(&count.kind))
            {
                if let Some(reason) = count.error {
                    let words = format!("{} could not be looked up: {reason}", count.kind);
                    return Ok(Answer::Lost(words));
                }
                bound.counts.push(Count {
                    certificate: look_up.certificate.clone(),
                    role: look_up.role,
                    hosted: look_up.hosted,
                    kind: count.kind,
                    region: count.region,
                    count: count.count,
                });
            }
            if bound
                .counts
                .iter()
                .any(|count| count.certificate == look_up.certificate && count.count > 0)
            {
                self.place(look_up, &mut bound).await?;
            }
        }
        Ok(Answer::Bound(bound))
    }

    fn concerns(&self, kind: &str) -> bool {
        self.wish.types.iter().any(|wished| wished.name == kind)
    }

    /// Which of the named instances this certificate is bound to.
    async fn place(&self, look_up: &LookUp, bound: &mut Bound) -> Result<(), ApiError> {
        let (Some(kind), false) = (
            self.cloud.resources.first(),
            self.cloud.instances.is_empty(),
        ) else {
            return Ok(());
        };
        let found = self
            .client
            .bound_instances(&look_up.task, kind.name)
            .await?;
        for instance in &self.cloud.instances {
            let marks = kind.marks(instance);
            let is_it = |texts: &std::collections::BTreeSet<String>| {
                marks.iter().all(|mark| texts.contains(*mark))
            };
            if found.iter().any(is_it) {
                let id = look_up.certificate.clone();
                bound.placed.push((instance.clone(), look_up.role, id));
            }
        }
        Ok(())
    }

    async fn progress(&self, follow: &Follow) -> Result<Answer, ApiError> {
        let kind = match follow.batch {
            Batch::Move { .. } => RecordKind::Update,
            Batch::Deploy { .. } => RecordKind::Deploy,
        };
        match self.client.deploy_progress(kind, follow.record).await {
            Ok(answer) => {
                let said = answer.value;
                Ok(Answer::Progress(Progress {
                    total: said.total,
                    done: said.success + said.nothing,
                    failed: said.failed,
                    open: said.running + said.pending,
                    reasons: said.reasons,
                }))
            }
            Err(error) if code_is(&error, "CertificateDeployNotExist") => Ok(Answer::Over),
            Err(error) => Err(error),
        }
    }

    /// Asks for a task. An error is a refusal that certainly made none.
    pub(super) async fn ask_for(&self, to: &str, batch: &Batch) -> Result<Answer, ApiError> {
        let answer = match batch {
            Batch::Move {
                from,
                types,
                regions,
            } => {
                let wish = Move {
                    from,
                    to,
                    types,
                    regions,
                };
                self.client.update_instances(wish).await
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
                self.client.deploy_instances(wish).await
            }
        };
        match answer {
            Ok(answer) => Ok(Answer::Task(answer.value)),
            Err(error) if code_is(&error, "CertificateDeployHasPendingRecord") => Ok(Answer::Busy),
            Err(error) if error.class() == Class::AlreadySo => Ok(Answer::Nothing),
            Err(error) if error.settled_as_not_made() || error.class() != Class::Transient => {
                Err(error)
            }
            Err(error) => Ok(Answer::Unknown(error.to_string())),
        }
    }

    pub(super) async fn retry(&self, noted: &Work) -> Result<Answer, ApiError> {
        let Phase::Follow(follow) = &noted.phase else {
            return Ok(Answer::Over);
        };
        match self.client.retry_record(follow.record).await {
            Ok(_) => Ok(Answer::Retried),
            Err(error)
                if code_is(&error, "CertificateDeployRetryStatusInvalid")
                    || code_is(&error, "CertificateDeployNotExist") =>
            {
                Ok(Answer::Over)
            }
            Err(error) if error.class() == Class::Transient => {
                Ok(Answer::Unknown(error.to_string()))
            }
            Err(error) => Err(error),
        }
    }
}

fn code_is(error: &ApiError, suffix: &str) -> bool {
    let code = error.code().and_then(|code| code.rsplit('.').next());
    code == Some(suffix)
}
