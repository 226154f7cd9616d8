//! The calls that learn what is bound, and their answers as the work understands them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::job::{Job, code_is, passes};
use crate::lifecycle::cloud::{Answer, Bound, Count, Goal, LookUp, Role, Unknown, Work};
use crate::tencent::ApiError;
use crate::tencent::deploy::{self, LookedUp};
use crate::tencent::ssl::{Listed, PageRequest, Status};

/// Somebody else's certificates that are looked up beside our own.
const MOST_FOREIGN: usize = 20;

/// Earlier ones for this name that we never held, the latest first.
const MOST_NEVER_HELD: usize = 40;

impl Job<'_> {
    /// Begins to look up what the wanted certificate, the earlier ones, and later ones of others are bound to.
    pub(super) async fn look_up(&self, work: &Work) -> Result<Answer, ApiError> {
        let mut look_ups = vec![(work.to.clone(), Role::Wanted, false)];
        look_ups.extend(self.ours(work).await?);
        if work.goal == Goal::Back && !self.is_usable(&work.to).await? {
            let id = &work.to;
            let reason =
                format!("the certificate before ({id}) is no longer there, or no longer valid");
            return Ok(Answer::Gone(reason));
        }
        if work.goal != Goal::Back {
            look_ups.extend(self.never_held().await?);
        }
        look_ups.truncate(deploy::MOST_LOOKED_UP);
        let ids: Vec<String> = look_ups.iter().map(|(id, _, _)| id.clone()).collect();
        let tasks = match self.read(|| self.client.ask_bound(&ids)).await {
            Ok(answer) => answer.value,
            Err(error) if passes(&error) => return Err(error),
            // One of them may be meant: the others are looked up all the same.
            Err(error) => self.ask_each(&ids, error).await?,
        };
        let look_ups = look_ups.into_iter().map(|(certificate, role, hosted)| {
            let mut own = tasks.iter();
            let task = own.find(|task| task.certificate_id == certificate);
            LookUp {
                task: task.map(|task| task.task_id.clone()).unwrap_or_default(),
                certificate,
                role,
                hosted,
            }
        });
        Ok(Answer::LookingUp(look_ups.collect()))
    }

    /// A look-up for each certificate by itself. One that is refused has none; of the wanted one that is the answer.
    async fn ask_each(
        &self,
        ids: &[String],
        refusal: ApiError,
    ) -> Result<Vec<deploy::LookUp>, ApiError> {
        let [wanted, others @ ..] = ids else {
            return Err(refusal);
        };
        if others.is_empty() {
            return Err(refusal);
        }
        let one = std::slice::from_ref(wanted);
        let mut tasks = self.read(|| self.client.ask_bound(one)).await?.value;
        for id in others {
            let one = std::slice::from_ref(id);
            match self.read(|| self.client.ask_bound(one)).await {
                Ok(answer) => tasks.extend(answer.value),
                Err(error) if passes(&error) => return Err(error),
                Err(error) => tracing::debug!(%error, %id, "it can't be looked up"),
            }
        }
        Ok(tasks)
    }

    /// The earlier certificates of ours that the service still lists, the latest first, in which the most is bound.
    async fn ours(&self, work: &Work) -> Result<Vec<(String, Role, bool)>, ApiError> {
        let mine = self.issued.iter();
        let here = mine.filter(|one| one.account == self.current.account);
        // By their ids: a search for the name may find more than one page.
        let request = PageRequest {
            cert_ids: here.map(|one| one.certificate_id.clone()).collect(),
            ..PageRequest::from(0)
        };
        let listed = self.list(&request).await?.into_iter();
        // Going back is about one certificate. What the service no longer lists can't be asked about.
        let concerned = listed.filter(|entry| {
            let id = &entry.certificate_id;
            *id != work.to && (work.goal != Goal::Back || *id == self.current.certificate_id)
        });
        let mut ours: Vec<_> = concerned
            .map(|entry| (entry.certificate_id.clone(), Role::Ours, is_hosted(&entry)))
            .collect();
        let age = |id: &String| self.issued.iter().position(|one| one.certificate_id == *id);
        ours.sort_by_key(|(id, _, _)| age(id));
        Ok(ours)
    }

    /// Whether resources can get this certificate: it is there, issued, and has not ended.
    async fn is_usable(&self, id: &str) -> Result<bool, ApiError> {
        let request = PageRequest {
            cert_ids: vec![id.to_owned()],
            ..PageRequest::from(0)
        };
        let now = self.delivering.now();
        let usable = |entry: Listed| {
            entry.certificate_id == id
                && entry.status == Status::ISSUED
                && entry.end.is_none_or(|end| end > now)
        };
        Ok(self.list(&request).await?.into_iter().any(usable))
    }

    /// Certificates that cover this name and that we never held: earlier free ones for this name alone are as good as ours;
    /// later ones are somebody else's.
    async fn never_held(&self) -> Result<Vec<(String, Role, bool)>, ApiError> {
        let domain = &self.delivering.known.domain;
        let request = PageRequest {
            search_key: Some(domain.clone()),
            ..PageRequest::from(0)
        };
        let ours = |entry: &Listed| {
            let mut known = self.issued.iter();
            known.any(|one| one.certificate_id == entry.certificate_id)
        };
        let (mut earlier, mut later) = (Vec::new(), Vec::new());
        let listed = self.list(&request).await?;
        let current = &self.current.certificate_id;
        let current = listed.iter().find(|entry| entry.certificate_id == *current);
        let since = current.and_then(|current| current.inserted);
        for entry in listed.into_iter().filter(|entry| !ours(entry)) {
            match self.role(&entry, since) {
                Some(role @ (Role::Ours | Role::Beside)) => {
                    let hosted = is_hosted(&entry);
                    earlier.push((entry.end, (entry.certificate_id, role, hosted)));
                }
                Some(role) => later.push((entry.certificate_id, role, false)),
                None => {}
            }
        }
        earlier.sort_by_key(|(end, _)| std::cmp::Reverse(*end));
        let earlier = earlier.into_iter().map(|(_, found)| found);
        later.truncate(MOST_FOREIGN);
        Ok(earlier.take(MOST_NEVER_HELD).chain(later).collect())
    }

    /// Whose a certificate is that we never held; none where it is not our concern. `since`: when the wanted one was applied for.
    fn role(&self, entry: &Listed, since: Option<DateTime<Utc>>) -> Option<Role> {
        let domain = &self.delivering.known.domain;
        let www = format!("www.{domain}");
        let wildcard = domain
            .split_once('.')
            .map(|(_, parent)| format!("*.{parent}"));
        let names = entry.names();
        let covers = names
            .iter()
            .any(|name| name == domain || Some(*name) == wildcard.as_deref());
        let alone = names.iter().all(|name| name == domain || *name == www);
        let end = entry.end?;
        let ours = self.delivering.engine.ours();
        let alias = entry.alias.as_deref().unwrap_or_default();
        if ours.member(alias).is_some() && covers {
            // Of equal ends, the later applied for is the one that every machine comes to.
            let is_later = entry.inserted > since && since.is_some();
            let wanted = self.certificate.not_after;
            return match end > wanted || end == wanted && is_later {
                // What another machine has begun to bind is not taken back by one that is behind.
                true => (entry.status == Status::ISSUED).then_some(Role::Wanted),
                false => Some(Role::Ours),
            };
        }
        if end > self.certificate.not_after {
            let role = if alone { Role::Foreign } else { Role::Wider };
            return (entry.status == Status::ISSUED && covers).then_some(role);
        }
        let free = !entry.is_upload() && matches!(entry.package_type.as_deref(), Some("83" | "2"));
        let key = self.delivering.certificate.key.name();
        let is_other = entry.encrypt_algorithm.is_some()
            && entry.algorithm().is_none_or(|said| said.name() != key);
        let role = if is_other { Role::Beside } else { Role::Ours };
        (covers && alone && free).then_some(role)
    }

    async fn list(&self, request: &PageRequest) -> Result<Vec<Listed>, ApiError> {
        let page = self.read(|| self.client.certificates(request)).await?;
        Ok(page.value.certificates)
    }

    pub(super) async fn found(&self, look_ups: &[LookUp]) -> Result<Answer, ApiError> {
        let asked: Vec<&LookUp> = look_ups.iter().filter(|one| !one.task.is_empty()).collect();
        let tasks: Vec<deploy::LookUp> = asked
            .iter()
            .map(|look_up| deploy::LookUp {
                certificate_id: look_up.certificate.clone(),
                task_id: look_up.task.clone(),
            })
            .collect();
        let answers = match self.read(|| self.client.bound(&tasks)).await {
            Ok(answers) => answers.value,
            Err(error) if code_is(&error, "CertificateSyncTaskIdInvalid") => {
                return Ok(Answer::Lost(error.to_string()));
            }
            Err(error) => return Err(error),
        };
        if answers.contains(&LookedUp::Running) {
            return Ok(Answer::Running);
        }
        let mut bound = Bound::default();
        let refused = look_ups.iter().filter(|one| one.task.is_empty());
        bound.unknown.extend(refused.map(|look_up| {
            let id = &look_up.certificate;
            unknown(
                id,
                format!("what {id} is bound to could not be looked up: it was refused"),
            )
        }));
        for (look_up, answer) in asked.into_iter().zip(answers) {
            match answer {
                LookedUp::Running => return Ok(Answer::Running),
                LookedUp::Failed(reason) => {
                    let id = &look_up.certificate;
                    let words = format!("what {id} is bound to could not be looked up: {reason}");
                    bound.unknown.push(unknown(id, words));
                }
                LookedUp::Done(counts) => self.count(look_up, counts, &mut bound).await?,
            }
        }
        Ok(Answer::Bound(bound))
    }

    /// Adds what one certificate is bound to, and of what that is not known.
    async fn count(
        &self,
        look_up: &LookUp,
        counts: Vec<deploy::Bound>,
        bound: &mut Bound,
    ) -> Result<(), ApiError> {
        let mut any = false;
        let (counts, others): (Vec<_>, Vec<_>) = counts
            .into_iter()
            .partition(|count| self.concerns(&count.kind));
        if others
            .iter()
            .any(|count| count.count > 0 || count.error.is_some())
        {
            bound.elsewhere.push(look_up.certificate.clone());
        }
        for count in counts {
            if let Some(reason) = count.error {
                bound.unknown.push(Unknown {
                    certificate: look_up.certificate.clone(),
                    reason: format!("{} could not be looked up: {reason}", count.kind),
                    kind: Some(count.kind.clone()),
                    region: count.region.clone(),
                });
            }
            any |= count.count > 0;
            bound.counts.push(Count {
                certificate: look_up.certificate.clone(),
                role: look_up.role,
                hosted: look_up.hosted,
                kind: count.kind,
                region: count.region,
                count: count.count,
            });
        }
        match any {
            true => self.place(look_up, bound).await,
            false => Ok(()),
        }
    }

    fn concerns(&self, kind: &str) -> bool {
        self.wanted.types.iter().any(|wished| wished.name == kind)
    }

    /// Which of the named instances this certificate is bound to.
    async fn place(&self, look_up: &LookUp, bound: &mut Bound) -> Result<(), ApiError> {
        let (Some(kind), false) = (
            self.cloud.resources.first(),
            self.cloud.instances.is_empty(),
        ) else {
            return Ok(());
        };
        let found = self.read(|| self.client.bound_instances(&look_up.task, kind.name));
        let found = match found.await {
            Ok(found) => found,
            Err(error) if passes(&error) => return Err(error),
            // Where the instances are is not known then; what is counted is moved all the same.
            Err(error) => {
                bound.unknown.push(Unknown {
                    certificate: look_up.certificate.clone(),
                    kind: Some(kind.name.to_owned()),
                    region: String::new(),
                    reason: format!(
                        "the {} instances could not be looked up: {error}",
                        kind.name
                    ),
                });
                return Ok(());
            }
        };
        for instance in &self.cloud.instances {
            let marks = kind.marks(instance);
            let is_it = |texts: &BTreeSet<String>| marks.iter().all(|mark| texts.contains(*mark));
            if found.iter().any(is_it) {
                let id = look_up.certificate.clone();
                bound.placed.push((instance.clone(), look_up.role, id));
            }
        }
        Ok(())
    }
}

fn is_hosted(entry: &Listed) -> bool {
    entry.hosting_status.is_some_and(|status| status >= 0)
}

/// Nothing is known of what this certificate is bound to.
fn unknown(certificate: &str, reason: String) -> Unknown {
    Unknown {
        certificate: certificate.to_owned(),
        kind: None,
        region: String::new(),
        reason,
    }
}
