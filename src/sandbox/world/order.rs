//! The life of one certificate, from application to its end.
//!
//! What it *is* at a moment follows from times and from a few facts injected by callers and by the management
//! port. The status is never stored, so it can never disagree with the dates.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::ca::Material;
use super::keys::Algorithm;
use super::proof::{Method, Proof};
use crate::sandbox::changes::Oddities;

/// Free certificates live this long, less one second (vendor's examples: begin 00:00 UTC of the issue day).
pub(crate) const LIFETIME_DAYS: i64 = 90;
/// A renewal may name its predecessor only in these last days (ApplyCertificate, `OldCertificateId`).
pub(crate) const WINDOW_DAYS: i64 = 30;
/// An order that is not validated by then is closed by the CA (vendor's free-certificate page).
const VALIDATION_DAYS: i64 = 3;

/// `Status` numbers of the API that the stand-in derives by itself; others can be injected.
pub(crate) mod status {
    pub(crate) const REVIEWING: i64 = 0;
    pub(crate) const ISSUED: i64 = 1;
    pub(crate) const FAILED: i64 = 2;
    pub(crate) const EXPIRED: i64 = 3;
    pub(crate) const DNS_ADDED: i64 = 4;
    pub(crate) const CANCELLED: i64 = 7;

    /// The service's Chinese name of a status (`StatusName`).
    pub(crate) fn name(status: i64) -> &'static str {
        match status {
            0 => "审核中",
            1 => "已通过",
            2 => "审核失败",
            3 => "已过期",
            4 => "自动添加DNS记录",
            5 => "企业证书，待提交资料",
            6 => "订单取消中",
            7 => "已取消",
            8 => "已提交资料，待上传确认函",
            9 => "证书吊销中",
            10 => "已吊销",
            11 => "重颁发中",
            12 => "待上传吊销确认函",
            13 => "免费证书待提交资料",
            14 => "证书已退款",
            15 => "证书迁移中",
            _ => "未知",
        }
    }
}

/// One entry of an account's list: applied for, or uploaded.
pub(crate) struct Certificate {
    pub(crate) id: String,
    /// Position in the order of application, over all accounts.
    pub(crate) sequence: u64,
    pub(crate) account: usize,
    pub(crate) domain: String,
    /// The registered domain that `domain` belongs to.
    pub(crate) main_domain: String,
    /// All names, `domain` first.
    pub(crate) names: Vec<String>,
    /// As kept, which is not always as sent (see `changes::AliasMode`).
    pub(crate) alias: String,
    pub(crate) project_id: i64,
    pub(crate) inserted: DateTime<Utc>,
    /// From when on `DescribeCertificates` shows it.
    pub(crate) listed_from: DateTime<Utc>,
    pub(crate) algorithm: Algorithm,
    pub(crate) allow_download: bool,
    /// `HostingStatus`: −1 unless the service looks after its resources.
    pub(crate) hosting: i64,
    /// `IsIgnore`: nobody is told of its end any more.
    pub(crate) muted: bool,
    /// What tests set.
    pub(crate) odd: Oddities,
    /// Chosen at random once; the awkward variations of answers hang on it.
    pub(crate) quirk: u8,
    pub(crate) origin: Origin,
}

/// First and last second of a certificate's validity.
pub(crate) type Validity = (DateTime<Utc>, DateTime<Utc>);

/// Where an entry came from.
pub(crate) enum Origin {
    Order(Box<Order>),
    Upload(Box<Upload>),
}

/// A free certificate: what was applied for, and the facts that decide its life.
pub(crate) struct Order {
    pub(crate) method: Method,
    /// The certificate this one renews, if it was named.
    pub(crate) old: Option<String>,
    pub(crate) issue_after: TimeDelta,
    /// How old it is at its issue.
    pub(crate) age: TimeDelta,
    pub(crate) contact_email: Option<String>,
    pub(crate) delete_record: bool,
    pub(crate) password_set: bool,
    pub(crate) proof: Proof,
    /// `IsDNSPODResolve`: whether the zone is one of the account's. Without it DNS_AUTO never succeeds.
    pub(crate) zone_here: bool,
    /// When control was proved for an earlier order, where the CA goes by that: this one is asked for nothing.
    pub(crate) proven_before: Option<DateTime<Utc>>,
    /// When proof of control was accepted (`CompleteCertificate`).
    pub(crate) proven: Option<DateTime<Utc>>,
    /// What the CA saw when it last looked, where it really looks.
    pub(crate) seen: Option<Vec<String>>,
    pub(crate) cancelled: Option<DateTime<Utc>>,
    /// When the CA signed, where that is not a matter of waiting.
    pub(crate) signed: Option<DateTime<Utc>>,
    /// A status and its message set from outside; it hides the derived one.
    pub(crate) forced: Option<(i64, Option<String>)>,
    /// Made when first asked for.
    pub(crate) material: Option<Material>,
}

/// A certificate that somebody brought along.
pub(crate) struct Upload {
    pub(crate) public: String,
    pub(crate) private: Option<secrecy::SecretString>,
    pub(crate) validity: Validity,
    /// `SVR` or `CA`.
    pub(crate) certificate_type: String,
}

impl Order {
    /// When the CA signs or signed, which may lie ahead. `None`: as things stand, never.
    fn issue_time(&self, inserted: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.signed.is_some() {
            return self.signed;
        }
        if self.forced.is_some() || self.cancelled.is_some() {
            return None;
        }
        let proven = match self.method {
            Method::DnsAuto => self.zone_here.then_some(inserted),
            Method::Dns | Method::File => match self.proven_before {
                Some(_) => Some(inserted),
                None => self.proven,
            },
        }?;
        let issued = proven + self.issue_after;
        (issued < inserted + TimeDelta::days(VALIDATION_DAYS)).then_some(issued)
    }

    /// Status of an order that is not issued.
    fn unissued_status(&self, inserted: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
        if self.cancelled.is_some() {
            return status::CANCELLED;
        }
        if now >= inserted + TimeDelta::days(VALIDATION_DAYS) {
            return status::FAILED;
        }
        let adding = (self.issue_after / 4).min(TimeDelta::seconds(1));
        if self.method == Method::DnsAuto && now < inserted + adding {
            return status::DNS_ADDED;
        }
        status::REVIEWING
    }

    /// Puts the order into a status now, whatever it was.
    pub(crate) fn force(
        &mut self,
        inserted: DateTime<Utc>,
        now: DateTime<Utc>,
        to: i64,
        message: Option<String>,
    ) {
        let issued = self.issue_time(inserted).filter(|at| *at <= now);
        if to == status::ISSUED {
            self.signed = Some(issued.unwrap_or(now));
            self.forced = None;
            self.cancelled = None;
        } else {
            // A certificate that was signed stays signed, also when it is, say, revoked.
            self.signed = issued;
            self.forced = Some((to, message));
        }
    }
}

impl Certificate {
    /// `CertificateType`: `SVR` or `CA`.
    pub(crate) fn certificate_type(&self) -> &str {
        match &self.origin {
            Origin::Order(_) => "SVR",
            Origin::Upload(upload) => &upload.certificate_type,
        }
    }

    /// The order behind it, unless it was uploaded.
    pub(crate) fn order(&self) -> Option<&Order> {
        match &self.origin {
            Origin::Order(order) => Some(order),
            Origin::Upload(_) => None,
        }
    }

    /// When control of the name was proved for this order, or for the one whose proof it goes by.
    pub(crate) fn proven(&self) -> Option<DateTime<Utc>> {
        let order = self.order()?;
        order.proven_before.or(match order.method {
            Method::DnsAuto => order.zone_here.then_some(self.inserted),
            Method::Dns | Method::File => order.proven,
        })
    }

    /// As [`Self::order`], to inject facts.
    pub(crate) fn order_mut(&mut self) -> Option<&mut Order> {
        match &mut self.origin {
            Origin::Order(order) => Some(order),
            Origin::Upload(_) => None,
        }
    }

    /// When it was signed, if that has happened.
    pub(crate) fn issued(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.order()?
            .issue_time(self.inserted)
            .filter(|at| *at <= now)
    }

    /// Its validity, once issued.
    pub(crate) fn validity(&self, now: DateTime<Utc>) -> Option<Validity> {
        match &self.origin {
            Origin::Upload(upload) => Some(upload.validity),
            Origin::Order(order) => {
                let day = (self.issued(now)? - order.age).date_naive();
                let begin = day.and_time(NaiveTime::MIN).and_utc();
                let end = begin + TimeDelta::days(LIFETIME_DAYS) - TimeDelta::seconds(1);
                Some((begin, end))
            }
        }
    }

    /// The API's `Status`.
    pub(crate) fn status(&self, now: DateTime<Utc>) -> i64 {
        if let Some(order) = self.order() {
            match &order.forced {
                // An order held in review still runs into its deadline.
                Some((status::REVIEWING | status::DNS_ADDED, _))
                    if now >= self.deadline() && !self.odd.outlives_deadline =>
                {
                    return status::FAILED;
                }
                Some((forced, _)) => return *forced,
                None => {}
            }
        }
        match (self.validity(now), self.order()) {
            (Some((_, end)), _) if now > end => status::EXPIRED,
            (Some(_), _) => status::ISSUED,
            (None, Some(order)) => order.unissued_status(self.inserted, now),
            (None, None) => status::ISSUED,
        }
    }

    /// `StatusMsg`: a token, a sentence, nothing, or (the vendor's example has it) something stale.
    pub(crate) fn status_message(&self, now: DateTime<Utc>) -> Option<String> {
        let order = self.order()?;
        if let Some((_, Some(message))) = &order.forced {
            return Some(message.clone());
        }
        match self.status(now) {
            status::REVIEWING => {
                let soon = order
                    .issue_time(self.inserted)
                    .is_some_and(|at| at - now <= order.issue_after / 4);
                Some(if soon { "wait-issue" } else { "PENDING-DCV" }.into())
            }
            status::FAILED if order.forced.is_some() => Some("CA机构安全审查未通过".into()),
            status::FAILED => Some("验证超时，订单自动关闭".into()),
            status::ISSUED if self.quirk.is_multiple_of(3) => Some("CA-REVIEWING".into()),
            status::ISSUED if self.quirk % 3 == 1 => Some(String::new()),
            _ => None,
        }
    }

    /// A name as the list writes it.
    pub(crate) fn written(&self, name: &str) -> String {
        if self.odd.unicode_names {
            idna::domain_to_unicode(name).0
        } else {
            name.to_owned()
        }
    }

    /// `EncryptAlgorithm`.
    pub(crate) fn spelled_algorithm(&self) -> &str {
        let odd = self.odd.encrypt_algorithm.as_deref();
        odd.unwrap_or_else(|| self.algorithm.name())
    }

    /// `DVAuthDeadline`.
    pub(crate) fn deadline(&self) -> DateTime<Utc> {
        self.inserted + TimeDelta::days(VALIDATION_DAYS)
    }

    /// Under review, by whatever number.
    pub(crate) fn pending(&self, now: DateTime<Utc>) -> bool {
        matches!(self.status(now), status::REVIEWING | status::DNS_ADDED)
    }

    /// Whether it takes one of the account's free certificates: all but expired ones do, failed and cancelled
    /// orders until they are deleted (what the vendor counts is not documented; this is the careful reading).
    pub(crate) fn holds_slot(&self, now: DateTime<Utc>) -> bool {
        self.order().is_some() && self.status(now) != status::EXPIRED
    }

    /// Whether a renewal may name it: issued, unexpired, and in its last days.
    pub(crate) fn in_window(&self, now: DateTime<Utc>) -> bool {
        self.status(now) == status::ISSUED
            && self
                .validity(now)
                .is_some_and(|(_, end)| now >= end - TimeDelta::days(WINDOW_DAYS) && now <= end)
    }
}
