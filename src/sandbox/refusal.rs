//! What the service says when it will not do something: a code that programs match, a message for people.

use std::borrow::Cow;

use super::error::Error;

/// An error answer of the API. Codes are the vendor's, spelled exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: Cow<'static, str>,
    pub(super) message: Cow<'static, str>,
}

/// Makes a constant of each line: name, code, message.
macro_rules! refusals {
    ($($name:ident = $code:literal: $message:literal;)*) => {
        impl Refusal {
            $(pub(super) const $name: Self = Self {
                code: Cow::Borrowed($code),
                message: Cow::Borrowed($message),
            };)*
        }
    };
}

refusals! {
    // Before an action: form, signature, which action.
    SECRET_ID_NOT_FOUND = "AuthFailure.SecretIdNotFound": "The SecretId is not found. Please check that it is correct.";
    ONLY_POST = "UnsupportedProtocol": "Only POST is answered here.";
    PATH_INVALID = "InvalidRequest": "The path must be `/`, without a query.";
    CONTENT_TYPE_INVALID = "UnsupportedProtocol": "The Content-Type must be application/json.";
    REQUEST_SIZE_LIMIT_EXCEEDED = "RequestSizeLimitExceeded": "The request is longer than 10 MB.";
    INVALID_AUTHORIZATION = "AuthFailure.InvalidAuthorization":
        "The `Authorization` header does not have the form of TC3-HMAC-SHA256.";
    TIMESTAMP_INVALID = "InvalidParameter": "The header `X-TC-Timestamp` must be unix seconds in decimal.";
    WRONG_DATE = "AuthFailure.SignatureFailure":
        "The date in the credential scope is not the UTC date of `X-TC-Timestamp`.";
    WRONG_SERVICE = "AuthFailure.SignatureFailure":
        "The service in the credential scope is not the one that was called.";
    INVALID_ACTION = "InvalidAction": "The requested action does not exist.";
    TOKEN_FAILURE = "AuthFailure.TokenFailure": "The token is not valid, or has expired.";
    // Temporary keys.
    ROLE_PARAMETER = "InvalidParameter.ParamError": "RoleSessionName is not valid.";
    ROLE_OVER_TIME = "InvalidParameter.OverTimeError": "DurationSeconds is out of range.";
    ROLE_NOT_FOUND = "ResourceNotFound.RoleNotFound": "The role does not exist.";
    ROLE_UNAUTHORIZED = "UnauthorizedOperation":
        "You are not authorized to perform the operation (sts:AssumeRole) on this role.";
    // The certificate service.
    BODY_NOT_AN_OBJECT = "InvalidParameter": "The request body must be a JSON object.";
    NO_KEY_PARAMETER = "MissingParameter": "The parameter `CsrKeyParameter` is required with ECC.";
    PACKAGE_IDS_INVALID = "InvalidParameter.PackageIdsInvalid":
        "Expansion packs are withdrawn; `PackageId` is not accepted.";
    DNS_NAMES_NOT_SUPPORTED = "InvalidParameter": "`DnsNames` is not supported yet; apply for each name by itself.";
    DOMAIN_MAX_LENGTH_INVALID = "InvalidParameterValue.CertificateDomainMaxLengthInvalid":
        "A domain name may have 64 characters at most.";
    TOO_MANY_CERT_IDS = "InvalidParameter.CertificateIdNumberLimit": "CertIds may hold 50 ids at most.";
    NOT_ALLOW_DOWNLOAD = "FailedOperation.CertificateNotAllowDownload":
        "Downloading is switched off for this certificate.";
    STATUS_NOT_ALLOW_DOWNLOAD = "FailedOperation.CertificateStatusNotAllowDownload":
        "The certificate is not issued, so it cannot be downloaded.";
    STATUS_NOT_ALLOW_VERIFY = "FailedOperation.CertificateStatusNotAllowVerify":
        "The current status of the certificate does not allow validation.";
    UPLOAD_WITHOUT_VALIDATION = "FailedOperation.InvalidParam": "An uploaded certificate has no validation.";
    NOT_FOUND_OR_CANT_CANCEL = "FailedOperation.CertificateNotFoundOrCantCancel":
        "The certificate does not exist or cannot be cancelled.";
    NOT_TO_BE_CANCELLED = "FailedOperation.InvalidCertificateStatusCode":
        "The status of the certificate does not allow the order to be cancelled.";
    CANNOT_BE_DELETED_WITHIN_HOUR = "FailedOperation.CannotBeDeletedWithinHour":
        "A free certificate cannot be deleted within an hour of its application.";
    PENDING_NOT_TO_BE_DELETED = "FailedOperation.InvalidCertificateStatusCode":
        "A pending order must be cancelled before it is deleted.";
    CANNOT_BE_DELETED_ISSUED = "FailedOperation.CannotBeDeletedIssued":
        "An issued certificate cannot be deleted before it expires.";
    RENEW_NOT_ISSUED = "FailedOperation.RenewNotIssued": "The renewal of the certificate is not issued yet.";
    CERTIFICATE_ID_NUMBER_LIMIT = "InvalidParameter.CertificateIdNumberLimit": "CertificateIds must hold 1 to 100 ids.";
    // Cloud resources.
    SYNC_TASK_ID_COUNT_INVALID = "FailedOperation.CertificateSyncTaskCertificateIdCountInvalid":
        "CertificateIds must hold 1 to 100 ids.";
    SYNC_TASK_ID_INVALID = "FailedOperation.CertificateSyncTaskIdInvalid": "The task does not exist or has expired.";
    SAME_CERTIFICATES = "FailedOperation.InvalidParam": "The certificates are the same.";
    RESOURCE_TYPES_INVALID = "FailedOperation.CertificateHostResourceTypeInvalid":
        "ResourceTypes holds a type that is not supported.";
    DEPLOY_HAS_PENDING_RECORD = "FailedOperation.CertificateDeployHasPendingRecord":
        "A deployment of the certificate is running.";
    NO_CERTIFICATE_ID = "MissingParameter": "CertificateId is missing; this stand-in takes no uploads here.";
    CERTIFICATE_NOT_AVAILABLE = "FailedOperation.CertificateNotAvailable": "The certificate is not available.";
    DEPLOY_INSTANCE_FORMAT = "FailedOperation.CertificateDeployInstanceFormatError":
        "The format of an instance is not valid.";
    DEPLOY_INSTANCE_EMPTY = "FailedOperation.CertificateDeployInstanceEmpty": "There is no instance to deploy to.";
    RESOURCE_TYPE_INVALID = "FailedOperation.CertificateHostResourceTypeInvalid": "The resource type is not supported.";
    NO_REGION = "MissingParameter": "The header `X-TC-Region` is missing.";
    NOT_DEPLOY_INSTANCE = "FailedOperation.CertificateNotDeployInstance": "An instance has this certificate already.";
    DEPLOY_NOT_EXIST = "FailedOperation.CertificateDeployNotExist": "The deployment record does not exist.";
    NO_RECORD_ID = "MissingParameter": "DeployRecordId or DeployRecordDetailId is needed.";
    DEPLOY_RETRY_STATUS_INVALID = "FailedOperation.CertificateDeployRetryStatusInvalid":
        "The record has nothing to be tried again.";
    // The DNS service.
    DOMAIN_NOT_EXISTS = "InvalidParameterValue.DomainNotExists": "The domain does not exist in this account.";
    NO_DATA_OF_DOMAIN = "ResourceNotFound.NoDataOfDomain": "There is no domain.";
    NO_DATA_OF_RECORD = "ResourceNotFound.NoDataOfRecord": "The list of records is empty.";
    RECORD_LINE_INVALID = "InvalidParameter.RecordLineInvalid": "The line is not valid.";
    RECORD_TTL_LIMIT = "LimitExceeded.RecordTtlLimit": "The TTL is below the plan's.";
    RECORD_TYPE_INVALID = "InvalidParameter.RecordTypeInvalid": "The type is not valid.";
    DOMAIN_RECORD_EXIST = "InvalidParameter.DomainRecordExist": "The record exists already.";
    RECORD_ID_INVALID = "InvalidParameter.RecordIdInvalid": "There is no such record.";
}

impl Refusal {
    pub(super) fn new(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }

    /// The certificate is not there, or belongs to another account; the service does not tell which.
    pub(super) fn not_found(id: &str) -> Self {
        let shown: String = id.chars().take(64).collect();
        Self::new(
            "FailedOperation.CertificateNotFound",
            format!("The certificate `{shown}` does not exist."),
        )
    }

    /// A parameter has a value that is not allowed.
    pub(super) fn value(name: &str, wanted: &str) -> Self {
        Self::new(
            "InvalidParameterValue",
            format!("The value of parameter `{name}` is not valid: {wanted}."),
        )
    }
}

impl From<Error> for Refusal {
    /// A fault of the stand-in's own shows as the service's own faults do.
    fn from(error: Error) -> Self {
        Self::new("InternalError", error.to_string())
    }
}
