//! The life of one certificate, from application to its end.
//!
//! What it *is* at a moment follows from times and from a few facts injected by callers and by the management
//! port. The status is never stored, so it can never disagree with the dates.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::ca::Material;
use super::manage::Oddities;
use super::validation::Proof;

/// Free certificates live this long, less one second (vendor's examples: begin 00:00 UTC of the issue day).
pub(super) const LIFETIME_DAYS: i64 = 90;
/// A renewal may name its predecessor only in these last days (ApplyCertificate, `OldCertificateId`).
pub(super) const WINDOW_DAYS: i64 = 30;
/// An order that is not validated by then is closed by the CA (vendor's free-certificate page).
const VALIDATION_DAYS: i64 = 3;

/// `Status` numbers of the API that the stand-in derives by itself; others can be injected.
pub(super) mod status {
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

/// `DvAuthMethod`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    DnsAuto,
    Dns,
    File,
}

impl Method {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DnsAuto => "DNS_AUTO",
            Self::Dns => "DNS",
            Self::File => "FILE",
        }
    }
}

/// `CsrEncryptAlgo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rsa,
    Ecc,
}

impl Algorithm {
    /// As `EncryptAlgorithm` spells it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rsa => "RSA 2048",
            Self::Ecc => "ECC",
        }
    }
}

/// One entry of an account's list: applied for, or uploaded.
pub(super) struct Certificate {
    pub(super) id: String,
    /// Position in the order of application, over all accounts.
    pub(super) sequence: u64,
    pub(super) account: usize,
    pub(super) domain: String,
    /// The registered domain that `domain` belongs to.
    pub(super) main_domain: String,
    /// All names, `domain` first.
    pub(super) names: Vec<String>,
    /// As kept, which is not always as sent (see `manage::AliasMode`).
    pub(super) alias: String,
    pub(super) project_id: i64,
    pub(super) inserted: DateTime<Utc>,
    /// From when on `DescribeCertificates` shows it.
    pub(super) listed_from: DateTime<Utc>,
    pub(super) algorithm: Algorithm,
    pub(super) allow_download: bool,
    /// `HostingStatus`: −1 unless the service looks after its resources.
    pub(super) hosting: i64,
    /// What tests set.
    pub(super) odd: Oddities,
    /// Chosen at random once; the awkward variations of answers hang on it.
    pub(super) quirk: u8,
    pub(super) kind: Kind,
}

/// Where an entry came from.
pub(super) enum Kind {
    Order(Box<Order>),
    Upload(Box<Upload>),
}

/// A free certificate: what was applied for, and the facts that decide its life.
pub(super) struct Order {
    pub(super) method: Method,
    /// The certificate this one renews, if it was named.
    pub(super) old: Option<String>,
    pub(super) issue_after: TimeDelta,
    /// How old it is at its issue.
    pub(super) age: TimeDelta,
    pub(super) contact_email: Option<String>,
    pub(super) delete_record: bool,
    pub(super) password_set: bool,
    pub(super) proof: Proof,
    /// `IsDNSPODResolve`: whether the zone is one of the account's. Without it DNS_AUTO never succeeds.
    pub(super) zone_here: bool,
    /// When proof of control was accepted (`CompleteCertificate`).
    pub(super) proven: Option<DateTime<Utc>>,
    /// What the CA saw when it last looked, where it really looks.
    pub(super) seen: Option<Vec<String>>,
    pub(super) cancelled: Option<DateTime<Utc>>,
    /// When the CA signed, where that is not a matter of waiting.
    pub(super) signed: Option<DateTime<Utc>>,
    /// A status and its message set from outside; it hides the derived one.
    pub(super) forced: Option<(i64, Option<String>)>,
    /// Made when first asked for.
    pub(super) material: Option<Material>,
}

/// A certificate that somebody brought along.
pub(super) struct Upload {
    pub(super) public: String,
    pub(super) private: Option<secrecy::SecretString>,
    pub(super) begin: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    /// `SVR` or `CA`.
    pub(super) certificate_type: String,
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
            Method::Dns | Method::File => self.proven,
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
    pub(super) fn force(
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
    /// The order behind it, unless it was uploaded.
    pub(super) fn order(&self) -> Option<&Order> {
        match &self.kind {
            Kind::Order(order) => Some(order),
            Kind::Upload(_) => None,
        }
    }

    /// As [`Self::order`], to inject facts.
    pub(super) fn order_mut(&mut self) -> Option<&mut Order> {
        match &mut self.kind {
            Kind::Order(order) => Some(order),
            Kind::Upload(_) => None,
        }
    }

    /// When it was signed, if that has happened.
    pub(super) fn issued(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.order()?
            .issue_time(self.inserted)
            .filter(|at| *at <= now)
    }

    /// First and last second of validity, once issued.
    pub(super) fn validity(&self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        match &self.kind {
            Kind::Upload(upload) => Some((upload.begin, upload.end)),
            Kind::Order(order) => {
                let day = (self.issued(now)? - order.age).date_naive();
                let begin = day.and_time(NaiveTime::MIN).and_utc();
                let end = begin + TimeDelta::days(LIFETIME_DAYS) - TimeDelta::seconds(1);
                Some((begin, end))
            }
        }
    }

    /// The API's `Status`.
    pub(super) fn status(&self, now: DateTime<Utc>) -> i64 {
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
    pub(super) fn status_message(&self, now: DateTime<Utc>) -> Option<String> {
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
    pub(super) fn written(&self, name: &str) -> String {
        if self.odd.unicode_names {
            idna::domain_to_unicode(name).0
        } else {
            name.to_owned()
        }
    }

    /// `DVAuthDeadline`.
    pub(super) fn deadline(&self) -> DateTime<Utc> {
        self.inserted + TimeDelta::days(VALIDATION_DAYS)
    }

    /// Under review, by whatever number.
    pub(super) fn pending(&self, now: DateTime<Utc>) -> bool {
        matches!(self.status(now), status::REVIEWING | status::DNS_ADDED)
    }

    /// Whether it takes one of the account's free certificates: all but expired ones do, failed and cancelled
    /// orders until they are deleted (what the vendor counts is not documented; this is the careful reading).
    pub(super) fn holds_slot(&self, now: DateTime<Utc>) -> bool {
        self.order().is_some() && self.status(now) != status::EXPIRED
    }

    /// Whether a renewal may name it: issued, unexpired, and in its last days.
    pub(super) fn in_window(&self, now: DateTime<Utc>) -> bool {
        self.status(now) == status::ISSUED
            && self
                .validity(now)
                .is_some_and(|(_, end)| now >= end - TimeDelta::days(WINDOW_DAYS) && now <= end)
    }
}
