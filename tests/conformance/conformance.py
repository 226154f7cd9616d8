"""Drives the sandbox with the official SDK: every action, every refusal, and the form of every answer.

Usage: conformance.py API_ADDRESS MANAGEMENT_ADDRESS
"""

import base64
import calendar
import io
import json
import re
import ssl
import sys
import tempfile
import time
import traceback
import urllib.request
import warnings
import zipfile
from pathlib import Path

from tencentcloud.common import credential
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import (
    TencentCloudSDKException,
)
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.ssl.v20191205 import models, ssl_client
from tencentcloud.sts.v20180813 import models as sts_models, sts_client

API, MANAGE = sys.argv[1:3]
HOUR, DAY = 3600, 86400
# The service sends this key now and then on purpose; the SDK turns it into a Python warning.
warnings.simplefilter("ignore", DeprecationWarning)
# ... and switches all warnings on before it warns, which would fill the output.
warnings.filterwarnings = lambda *_, **__: None

CHECKS = []


def check(function):
    """Registers a check; its docstring is its name."""
    CHECKS.append(function)
    return function


# --- talking to the sandbox ---------------------------------------------------------------------------------


def profile(scheme="http"):
    http = HttpProfile(protocol=scheme, endpoint=API, reqMethod="POST", reqTimeout=20)
    return ClientProfile(httpProfile=http, signMethod="TC3-HMAC-SHA256")


def client(secret_id="AKIDSANDBOX", secret_key="SANDBOXKEY"):
    return ssl_client.SslClient(credential.Credential(secret_id, secret_key), "", profile())


CLIENT = client()


def manage(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{MANAGE}{path}", data=data, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=20) as answer:
        return answer.read().decode()


def call(action, **parameters):
    """One typed call through the SDK's own request and client classes."""
    request = getattr(models, f"{action}Request")()
    for name, value in parameters.items():
        assert hasattr(request, name), f"the SDK knows no parameter {name} of {action}"
        setattr(request, name, value)
    return getattr(CLIENT, action)(request)


def raw(action, **parameters):
    """One call whose parameters the SDK does not look at; the answer as it came."""
    return CLIENT.call_json(action, parameters)["Response"]


def refused(code, action, how=call, **parameters):
    """Expects a refusal with exactly that code."""
    try:
        how(action, **parameters)
    except TencentCloudSDKException as refusal:
        assert refusal.get_code() == code, f"{action}: {refusal.get_code()} instead of {code}"
        assert refusal.get_request_id(), "a refusal carries a request id"
        return refusal
    raise AssertionError(f"{action} was not refused; {code} was expected")


def apply(domain, **more):
    parameters = {"DvAuthMethod": "DNS_AUTO", "DomainName": domain, **more}
    return call("ApplyCertificate", **parameters).CertificateId


def status(certificate_id):
    return call("DescribeCertificate", CertificateId=certificate_id).Status


def wait_for(certificate_id, wanted, patience=30):
    end = time.monotonic() + patience
    while (now := status(certificate_id)) != wanted:
        assert time.monotonic() < end, f"status {now} instead of {wanted} after {patience} s"
        time.sleep(0.1)


def proof_of(certificate_id, patience=10):
    """What has to be published. For some orders it is there only a moment after the application."""
    end = time.monotonic() + patience
    while True:
        detail = call("DescribeCertificate", CertificateId=certificate_id).DvAuthDetail
        if detail and detail.DvAuths:
            return detail
        assert time.monotonic() < end, "the proof was never told"
        time.sleep(0.1)


def issued(domain, **more):
    certificate_id = apply(domain, **more)
    manage("POST", f"/orders/{certificate_id}", {"status": 1})
    assert status(certificate_id) == 1
    return certificate_id


def offset(seconds):
    """Sets the service's clock ahead. The SDK signs with the machine's, so keep the rest of a check inside."""
    manage("POST", "/clock", {"offset_seconds": seconds})


class At:
    """Within, both the service's clock and the SDK's signing clock are ahead by that many seconds."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        self.real = time.time
        offset(self.seconds)
        time.time = lambda: self.real() + self.seconds

    def __exit__(self, *_):
        time.time = self.real
        offset(0)


# --- the form of answers ------------------------------------------------------------------------------------


def documented(model):
    """Field names and types from the docstrings of a model of the SDK."""
    fields = {}
    for name in (n for n in dir(model) if isinstance(getattr(model, n), property)):
        text = getattr(model, name).__doc__ or ""
        fields[name] = text.rsplit(":rtype:", 1)[-1].strip()
    return fields


def fits(value, kind, where):
    """Whether a JSON value is of the kind the SDK documents; nested models are looked into."""
    if value is None:
        return
    simple = {"str": str, "int": int, "bool": bool, "float": (int, float)}
    nested = re.search(r"models\.(\w+)`", kind)
    if kind.startswith("list of"):
        assert isinstance(value, list), f"{where} should be a list"
        for i, item in enumerate(value):
            fits(item, kind.removeprefix("list of ").removesuffix(" non-negative"), f"{where}[{i}]")
    elif kind in simple:
        good = isinstance(value, simple[kind]) and (kind == "bool" or not isinstance(value, bool))
        assert good, f"{where} should be {kind} and is {value!r}"
    else:
        name = nested.group(1) if nested else kind
        conforms(value, getattr(models, name), where)


def conforms(value, model, where):
    """No field that the SDK does not document, and every field of its documented type."""
    fields = documented(model)
    for name, item in value.items():
        if name == "DeprecatedWarning":
            continue
        assert name in fields, f"{where}.{name} is not documented"
        fits(item, fields[name], f"{where}.{name}")


# --- checks: the good paths ---------------------------------------------------------------------------------


@check
def identity():
    """GetCallerIdentity is answered under the scope of sts"""
    keys = credential.Credential("AKIDSANDBOX", "SANDBOXKEY")
    sts = CommonClient("sts", "2018-08-13", keys, "", profile())
    answer = sts.call_json("GetCallerIdentity", {})["Response"]
    assert answer["AccountId"] and answer["Arn"], answer


ROLE = "qcs::cam::uin/100000000001:roleName/evercert"


def assume(**more):
    """AssumeRole by the SDK's own client of sts."""
    keys = credential.Credential("AKIDSANDBOX", "SANDBOXKEY")
    request = sts_models.AssumeRoleRequest()
    for name, value in {"RoleArn": ROLE, "RoleSessionName": "evercert", **more}.items():
        assert hasattr(request, name), f"the SDK knows no parameter {name} of AssumeRole"
        setattr(request, name, value)
    return sts_client.StsClient(keys, "ap-guangzhou", profile()).AssumeRole(request)


def signed_with(keys):
    """One call of the certificate service with these keys."""
    client = ssl_client.SslClient(keys, "", profile())
    return client.DescribeCertificates(models.DescribeCertificatesRequest())


@check
def a_role():
    """AssumeRole gives keys that act for the account, until they end"""
    manage("POST", "/roles", {"arn": ROLE, "external_id": "both-know"})
    answer = assume(ExternalId="both-know", DurationSeconds=900)
    assert abs(answer.ExpiredTime - time.time() - 900) < 60, answer.ExpiredTime
    ends = calendar.timegm(time.strptime(answer.Expiration, "%Y-%m-%dT%H:%M:%SZ"))
    assert ends == answer.ExpiredTime
    given = answer.Credentials
    keys = credential.Credential(given.TmpSecretId, given.TmpSecretKey, given.Token)
    assert signed_with(keys).TotalCount is not None
    sts = sts_client.StsClient(keys, "ap-guangzhou", profile())
    identity = sts.GetCallerIdentity(sts_models.GetCallerIdentityRequest())
    assert identity.Type == "CAMRole" and "assumed-role" in identity.Arn, identity.Arn
    with At(901):
        refused("AuthFailure.TokenFailure", "DescribeCertificates", lambda *_: signed_with(keys))


@check
def a_role_refused():
    """AssumeRole refuses what is wrong, and temporary keys hold together or not at all"""
    manage("POST", "/roles", {"arn": ROLE, "external_id": "both-know"})
    for code, more in (
        ("UnauthorizedOperation", {"ExternalId": "a-guess"}),
        ("UnauthorizedOperation", {}),
        ("ResourceNotFound.RoleNotFound", {"RoleArn": ROLE + "x"}),
        ("InvalidParameter.OverTimeError", {"ExternalId": "both-know", "DurationSeconds": 43201}),
        ("InvalidParameter.ParamError", {"ExternalId": "both-know", "RoleSessionName": "a b"}),
    ):
        refused(code, "AssumeRole", lambda *_: assume(**more))
    given = assume(ExternalId="both-know").Credentials
    without = credential.Credential(given.TmpSecretId, given.TmpSecretKey)
    refused("AuthFailure.TokenFailure", "DescribeCertificates", lambda *_: signed_with(without))
    foreign = credential.Credential("AKIDSANDBOX", "SANDBOXKEY", given.Token)
    refused("AuthFailure.TokenFailure", "DescribeCertificates", lambda *_: signed_with(foreign))


@check
def the_sdk_s_own_role():
    """the SDK's own credentials of a role work against the sandbox"""
    manage("POST", "/roles", {"arn": ROLE})
    keys = credential.STSAssumeRoleCredential("AKIDSANDBOX", "SANDBOXKEY", ROLE, "evercert", endpoint=API)
    real = HttpProfile.__init__
    # It takes an endpoint, and no scheme.
    HttpProfile.__init__ = lambda self, *args, **more: real(self, *args, **{"protocol": "http", **more})
    try:
        assert signed_with(keys).TotalCount is not None
    finally:
        HttpProfile.__init__ = real


@check
def automatic():
    """a DNS_AUTO order is issued by itself"""
    certificate_id = apply("auto.example.com", Alias="ec-abcdef-00000001", DeleteDnsAutoRecord=True)
    assert re.fullmatch(r"[A-Za-z0-9]{8}", certificate_id)
    assert status(certificate_id) in (0, 4)
    wait_for(certificate_id, 1)


@check
def every_parameter():
    """every documented parameter is accepted"""
    certificate_id = apply(
        "all.example.com",
        ProjectId=0,
        PackageType="83",
        ContactEmail="admin@example.com",
        ContactPhone="13800000000",
        ValidityPeriod="3",
        CsrEncryptAlgo="RSA",
        CsrKeyParameter="2048",
        CsrKeyPassword="secret",
        Alias="everything",
        DeleteDnsAutoRecord=False,
    )
    answer = call("DescribeCertificate", CertificateId=certificate_id)
    assert answer.Alias == "everything" and answer.PackageType == "83"


@check
def answers_conform():
    """answers hold only documented fields of the documented types, pending and issued"""
    for i in range(8):
        certificate_id = apply(f"form{i}.example.com", DvAuthMethod=("DNS", "FILE")[i % 2])
        manage("POST", f"/orders/{certificate_id}", {"status": 0})
        for state in (0, 1):
            manage("POST", f"/orders/{certificate_id}", {"status": state})
            for action in (
                "DescribeCertificate",
                "DescribeCertificateDetail",
                "CheckCertificateDomainVerification",
            ):
                answer = raw(action, CertificateId=certificate_id)
                conforms(answer, getattr(models, f"{action}Response"), action)
    answer = raw("DescribeCertificates", Limit=1000)
    conforms(answer, models.DescribeCertificatesResponse, "DescribeCertificates")


@check
def listing():
    """the list finds by remark, id and domain, newest first, ten a page"""
    ids = [apply(f"list{i}.example.org", Alias=f"marker-{i:02}") for i in range(12)]
    answer = call("DescribeCertificates", SearchKey="example.org")
    assert answer.TotalCount == 12 and len(answer.Certificates) == 10
    assert [c.CertificateId for c in answer.Certificates] == ids[:1:-1]
    answer = call("DescribeCertificates", SearchKey="example.org", Offset=10, Limit=5000)
    assert [c.CertificateId for c in answer.Certificates] == ids[1::-1]
    (found,) = call("DescribeCertificates", SearchKey="marker-03", Limit=10).Certificates
    assert found.CertificateId == ids[3] and found.Domain == "list3.example.org"
    answer = call("DescribeCertificates", CertIds=ids[:3], Limit=50)
    assert {c.CertificateId for c in answer.Certificates} == set(ids[:3])
    pending = call("DescribeCertificates", CertificateStatus=[0, 4], Limit=1000).Certificates
    assert all(c.Status in (0, 4) for c in pending)


@check
def by_record():
    """a DNS order tells its record, and is issued after CompleteCertificate"""
    certificate_id = apply("record.example.com", DvAuthMethod="DNS")
    detail = proof_of(certificate_id)
    (proof,) = detail.DvAuths
    assert proof.DvAuthVerifyType in ("CNAME", "TXT")
    assert proof.DvAuthKey.endswith(".record.example.com") and proof.DvAuthValue
    (result,) = call(
        "CheckCertificateDomainVerification", CertificateId=certificate_id
    ).VerificationResults
    assert result.LocalCheck < 0 and not result.Issued
    assert call("CompleteCertificate", CertificateId=certificate_id).CertificateId == certificate_id
    wait_for(certificate_id, 1)
    (result,) = call(
        "CheckCertificateDomainVerification", CertificateId=certificate_id
    ).VerificationResults
    assert result.LocalCheck == 1 and result.CaCheck == 2 and result.Issued
    refused(
        "FailedOperation.CertificateStatusNotAllowVerify",
        "CompleteCertificate",
        CertificateId=certificate_id,
    )


@check
def by_file():
    """a FILE order tells path, name and content"""
    certificate_id = apply("file.example.com", DvAuthMethod="FILE")
    detail = proof_of(certificate_id)
    assert detail.DvAuthPath == "/.well-known/pki-validation/"
    assert detail.DvAuths[0].DvAuthVerifyType == "FILE" and detail.DvAuths[0].DvAuthKey
    call("CompleteCertificate", CertificateId=certificate_id)
    wait_for(certificate_id, 1)


def handshake(chain, key, name):
    """A TLS handshake in memory: the key matches, the chain leads to the root, the name is right."""
    with tempfile.TemporaryDirectory() as folder:
        chain_file, key_file = Path(folder, "chain.pem"), Path(folder, "key.pem")
        chain_file.write_text(chain)
        key_file.write_text(key)
        server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_side.load_cert_chain(chain_file, key_file)
    client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_side.load_verify_locations(cadata=manage("GET", "/root.pem"))
    a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = client_side.wrap_bio(a, b, server_hostname=name)
    callee = server_side.wrap_bio(b, a, server_side=True)
    done = 0
    for _ in range(20):
        for side in (caller, callee):
            try:
                side.do_handshake()
                done += 1
            except ssl.SSLWantReadError:
                pass
        if caller.version() and callee.version() and done >= 2:
            return caller.getpeercert()
    raise AssertionError("the handshake did not end")


@check
def material():
    """RSA and ECC material is real: key, chain, names and dates hold together"""
    for algorithm, parameter in (("RSA", "2048"), ("ECC", "prime256v1"), ("ECC", "prime256v1")):
        certificate_id = issued(
            "apex.example.net", CsrEncryptAlgo=algorithm, CsrKeyParameter=parameter
        )
        detail = call("DescribeCertificateDetail", CertificateId=certificate_id)
        keys = detail.CertificatePublicKey, detail.CertificatePrivateKey
        peer = handshake(*keys, "apex.example.net")
        begin = time.strptime(detail.CertBeginTime, "%Y-%m-%d %H:%M:%S")
        end = time.strptime(detail.CertEndTime, "%Y-%m-%d %H:%M:%S")
        assert (begin.tm_hour, begin.tm_min, begin.tm_sec) == (8, 0, 0), "00:00 UTC is 08:00 there"
        assert (end.tm_hour, end.tm_min, end.tm_sec) == (7, 59, 59)
        assert calendar.timegm(end) - 8 * HOUR == ssl.cert_time_to_seconds(peer["notAfter"])


@check
def apex():
    """an apex order covers its www name too"""
    certificate_id = issued("apexname.com")
    detail = call("DescribeCertificateDetail", CertificateId=certificate_id)
    assert set(detail.SubjectAltName) == {"apexname.com", "www.apexname.com"}
    handshake(detail.CertificatePublicKey, detail.CertificatePrivateKey, "www.apexname.com")


@check
def download():
    """the zip holds the same material, in both layouts"""
    certificate_id = issued("zip.example.com")
    detail = call("DescribeCertificateDetail", CertificateId=certificate_id)
    layouts = set()
    for _ in range(2):
        answer = call("DownloadCertificate", CertificateId=certificate_id)
        assert answer.ContentType == "application/zip"
        archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(answer.Content)))
        assert archive.testzip() is None
        folders = [n for n in archive.namelist() if re.match(r"(?i)(nginx/|.*_nginx/)", n)]
        layouts.add(folders[0].split("/")[0])
        chain = archive.read(next(n for n in folders if n.endswith("_bundle.crt"))).decode()
        key = archive.read(next(n for n in folders if n.endswith(".key"))).decode()
        assert key == detail.CertificatePrivateKey
        handshake(chain, key, "zip.example.com")
    assert layouts == {"Nginx", "zip.example.com_nginx"}, layouts


@check
def renewal():
    """a renewal is linked on both sides, inside the window only, and once"""
    old = issued("renew.example.com")
    refused_renewal = {"DvAuthMethod": "DNS_AUTO", "DomainName": "renew.example.com"}
    refused("FailedOperation.InvalidParam", "ApplyCertificate", OldCertificateId=old, **refused_renewal)
    with At(65 * DAY):
        other = dict(refused_renewal, DomainName="another.example.com")
        refused("FailedOperation.InvalidParam", "ApplyCertificate", OldCertificateId=old, **other)
        new = apply("renew.example.com", OldCertificateId=old)
        found = {c.CertificateId: c for c in call("DescribeCertificates", CertIds=[old, new]).Certificates}
        assert found[old].HasRenewOrder == new
        assert found[old].CertificateExtra.RenewOrder == new
        assert found[new].CertificateExtra.OriginCertificateId == old
        refused(
            "FailedOperation.OrderAlreadyReplaced",
            "ApplyCertificate",
            OldCertificateId=old,
            **refused_renewal,
        )
    with At(95 * DAY):
        assert status(old) == 3


@check
def upkeep():
    """orders are cancelled, renamed and deleted by the vendor's rules"""
    first, second, third = (apply(f"up{i}.example.com", DvAuthMethod="DNS") for i in range(3))
    call("ModifyCertificateAlias", CertificateId=first, Alias="renamed")
    assert call("DescribeCertificate", CertificateId=first).Alias == "renamed"
    assert call("CancelAuditCertificate", CertificateId=first).Result is True
    assert call("CancelCertificateOrder", CertificateId=second).CertificateId == second
    assert status(first) == 7 and status(second) == 7
    refused("FailedOperation.CannotBeDeletedWithinHour", "DeleteCertificate", CertificateId=first)
    manage("POST", f"/orders/{third}", {"status": 1})
    with At(HOUR + 1):
        assert call("DeleteCertificate", CertificateId=first).DeleteResult is True
        refused("FailedOperation.CertificateNotFound", "DeleteCertificate", CertificateId=first)
        refused("FailedOperation.CannotBeDeletedIssued", "DeleteCertificate", CertificateId=third)
        answer = call("DeleteCertificates", CertificateIds=[second, third])
        assert answer.Success == [second] and answer.Fail[0].CertId == third
    with At(91 * DAY):
        answer = call("DeleteCertificate", CertificateId=third, IsCheckResource=True)
        assert answer.DeleteResult is False
        (task,) = call("DescribeDeleteCertificatesTaskResult", TaskIds=[answer.TaskId]).DeleteTaskResult
        assert task.Status == 1 and task.CertId == third


@check
def upload():
    """an upload is listed as such, and is recognised when it comes again"""
    detail = call("DescribeCertificateDetail", CertificateId=issued("own.example.com"))
    parameters = {
        "CertificatePublicKey": detail.CertificatePublicKey,
        "CertificatePrivateKey": detail.CertificatePrivateKey,
        "Repeatable": False,
        "Alias": "brought along",
    }
    first = call("UploadCertificate", **parameters)
    assert call("UploadCertificate", **parameters).RepeatCertId == first.CertificateId
    (found,) = call("DescribeCertificates", Upload=1).Certificates
    assert found.From == "upload" and found.PackageType is None
    refused(
        "FailedOperation.CertificateInvalid",
        "UploadCertificate",
        CertificatePublicKey="nonsense",
        CertificatePrivateKey="nonsense",
    )


# --- checks: refusals ---------------------------------------------------------------------------------------


@check
def refused_parameters():
    """every mistake in an application has its code"""
    good = {"DvAuthMethod": "DNS_AUTO", "DomainName": "bad.example.com"}
    long_name = "a" * 60 + ".example.com"
    for code, change in (
        ("UnknownParameter", {"Csr": "x"}),
        ("InvalidParameter", {"ProjectId": "0"}),
        ("InvalidParameter", {"PackageType": 83}),
        ("InvalidParameter", {"ValidityPeriod": 3}),
        ("InvalidParameter", {"DeleteDnsAutoRecord": "true"}),
        ("InvalidParameter", {"DnsNames": ["www.bad.example.com"]}),
        ("InvalidParameter.PackageIdsInvalid", {"PackageId": "pack"}),
        ("InvalidParameterValue", {"DvAuthMethod": "EMAIL"}),
        ("InvalidParameterValue", {"PackageType": "2"}),
        ("InvalidParameterValue", {"ValidityPeriod": "12"}),
        ("InvalidParameterValue", {"CsrEncryptAlgo": "SM2"}),
        ("InvalidParameterValue", {"CsrKeyParameter": "4096"}),
        ("InvalidParameterValue", {"CsrEncryptAlgo": "ECC", "CsrKeyParameter": "secp384r1"}),
        ("MissingParameter", {"CsrEncryptAlgo": "ECC"}),
        ("InvalidParameterValue", {"DvAuthMethod": "DNS", "DeleteDnsAutoRecord": True}),
        ("InvalidParameterValue", {"Alias": "x" * 201}),
        ("InvalidParameterValue", {"ContactEmail": "nobody"}),
        ("InvalidParameterValue.CertificateDomainMaxLengthInvalid", {"DomainName": long_name}),
        ("FailedOperation.InvalidParam", {"DomainName": "*.example.com"}),
        ("FailedOperation.InvalidParam", {"DomainName": "192.0.2.7"}),
        ("FailedOperation.InvalidParam", {"DomainName": "under_score.example.com"}),
        ("FailedOperation.CertificateNotFound", {"OldCertificateId": "AbCdEfGh"}),
    ):
        refused(code, "ApplyCertificate", how=raw, **{**good, **change})
    refused("MissingParameter", "ApplyCertificate", how=raw, DomainName="bad.example.com")
    refused("MissingParameter", "DescribeCertificate", how=raw)
    assert not call("DescribeCertificates", SearchKey="bad.example.com").Certificates


@check
def refused_callers():
    """wrong keys, unknown keys, a wrong clock, unknown actions and versions have their codes"""

    def by(other):
        return lambda action, **p: other.call_json(action, p)

    refused("AuthFailure.SecretIdNotFound", "DescribeCertificates", how=by(client("AKIDNOBODY")))
    wrong_key = by(client(secret_key="guess"))
    refused("AuthFailure.SignatureFailure", "DescribeCertificates", how=wrong_key)
    refused("InvalidAction", "BuyCastle", how=raw)
    keys = credential.Credential("AKIDSANDBOX", "SANDBOXKEY")
    old = CommonClient("ssl", "2017-03-12", keys, "", profile())
    refused("NoSuchVersion", "DescribeCertificates", how=by(old))
    offset(400)
    try:
        refused("AuthFailure.SignatureExpire", "DescribeCertificates")
    finally:
        offset(0)


@check
def not_found():
    """an unknown id is refused by every action that takes one"""
    for action in (
        "DescribeCertificate",
        "DescribeCertificateDetail",
        "DownloadCertificate",
        "CompleteCertificate",
        "CheckCertificateDomainVerification",
        "CancelCertificateOrder",
        "DeleteCertificate",
    ):
        refused("FailedOperation.CertificateNotFound", action, CertificateId="AbCdEfGh")
    refused(
        "FailedOperation.CertificateNotFoundOrCantCancel",
        "CancelAuditCertificate",
        CertificateId="AbCdEfGh",
    )
    refused(
        "InvalidParameter.CertificateIdNumberLimit",
        "DescribeCertificates",
        CertIds=[f"id{i:06}" for i in range(51)],
    )


@check
def too_early():
    """nothing is handed out before the issue, and nothing issued is cancelled"""
    pending = apply("early.example.com", DvAuthMethod="DNS")
    refused(
        "FailedOperation.CertificateStatusNotAllowDownload",
        "DownloadCertificate",
        CertificateId=pending,
    )
    assert not call("DescribeCertificateDetail", CertificateId=pending).CertificatePrivateKey
    done = issued("done.example.com")
    refused(
        "FailedOperation.CertificateNotFoundOrCantCancel",
        "CancelAuditCertificate",
        CertificateId=done,
    )
    refused(
        "FailedOperation.InvalidCertificateStatusCode",
        "CancelCertificateOrder",
        CertificateId=done,
    )
    manage("POST", f"/orders/{done}", {"allow_download": False})
    refused(
        "FailedOperation.CertificateNotAllowDownload", "DownloadCertificate", CertificateId=done
    )


@check
def quotas():
    """both quotas are held, and their messages carry the numbers"""
    state = json.loads(manage("GET", "/state"))
    manage("POST", "/limits", {"free_limit": state["accounts"][0]["slots"], "domain_limit": 1000})
    application = {"DvAuthMethod": "DNS_AUTO", "DomainName": "quota.example.com"}
    refusal = refused("FailedOperation.ExceedsFreeLimit", "ApplyCertificate", **application)
    assert str(state["accounts"][0]["slots"]) in refusal.get_message()
    manage("POST", "/limits", {"free_limit": 1000, "domain_limit": 1})
    refusal = refused(
        "FailedOperation.MainDomainCertificateCountLimit", "ApplyCertificate", **application
    )
    assert "example.com" in refusal.get_message() and "1" in refusal.get_message()
    manage("POST", "/limits", {"domain_limit": 1000})


@check
def rate():
    """the eleventh request in a second is refused, and a second later all is well"""
    manage("POST", "/limits", {"requests_per_second": 10})
    try:
        time.sleep(1.1)
        codes = []
        start = time.monotonic()
        for _ in range(40):
            try:
                call("DescribeCertificates", Limit=1)
                codes.append("OK")
            except TencentCloudSDKException as refusal:
                codes.append(refusal.get_code())
        took = time.monotonic() - start
        if took < 1:
            assert codes == ["OK"] * 10 + ["RequestLimitExceeded"] * 30, codes
        assert "RequestLimitExceeded" in codes or took > 3.9, codes
        time.sleep(1.1)
        call("DescribeCertificates", Limit=1)
    finally:
        manage("POST", "/limits", {"requests_per_second": 0})
    assert json.loads(manage("GET", "/state"))["peak_per_second"] > 10


@check
def lost_answers():
    """an order whose answer was lost is there, and the SDK saw a network fault"""
    for kind in ("drop_after", "rubbish", "null"):
        domain = f"lost-{kind.replace('_', '-')}.example.com"
        manage("POST", "/faults", {"action": "ApplyCertificate", "kind": kind})
        try:
            apply(domain)
            raise AssertionError(f"{kind}: an answer came")
        except (TencentCloudSDKException, ValueError, TypeError):
            pass
        assert call("DescribeCertificates", SearchKey=domain).TotalCount == 1, kind
    manage("POST", "/faults", {"action": "ApplyCertificate", "kind": "error", "code": "InternalError"})
    refused("InternalError", "ApplyCertificate", DvAuthMethod="DNS", DomainName="lost.example.com")
    assert call("DescribeCertificates", SearchKey="lost.example.com").TotalCount == 0


# --- cloud resources ----------------------------------------------------------------------------------------


def bind(kind, region, instance, certificate_id=None):
    resource = {"resource_type": kind, "region": region, "instance": instance}
    manage("POST", "/resources", {**resource, "certificate_id": certificate_id})


def holder(instance):
    """The certificate that an instance has."""
    resources = json.loads(manage("GET", "/state"))["cloud"]["resources"]
    return next(r["certificate_id"] for r in resources if r["instance"] == instance)


def until(what, probe, patience=20):
    end = time.monotonic() + patience
    while not (found := probe()):
        assert time.monotonic() < end, f"{what}: not after {patience} s"
        time.sleep(0.1)
    return found


def typed(action, **parameters):
    """The answer as the SDK reads it, after its form was looked at."""
    conforms(raw(action, **parameters), getattr(models, f"{action}Response"), action)
    return call(action, **parameters)


def look_up(certificate_id):
    """A finished look-up of what a certificate is bound to."""
    (task,) = typed(
        "CreateCertificateBindResourceSyncTask", CertificateIds=[certificate_id], IsCache=0
    ).CertTaskIds
    assert task.CertId == certificate_id

    def result():
        answer = typed("DescribeCertificateBindResourceTaskResult", TaskIds=[task.TaskId])
        (one,) = answer.SyncTaskBindResourceResult
        return one if one.Status != 0 else None

    return until("the look-up", result)


def counts(result):
    return {
        (kind.ResourceType, place.Region): place.TotalCount
        for kind in result.BindResourceResult
        for place in kind.BindResourceRegionResult
    }


@check
def bound_resources():
    """what is bound is told by type and region, and in detail, after a while"""
    certificate_id = issued("bound.example.com")
    everything = [
        ("clb", "ap-guangzhou", "lb-b1|lbl-b1"),
        ("clb", "ap-guangzhou", "lb-b1|lbl-b2|bound.example.com"),
        ("cdn", "", "cdn.bound.example.com|on"),
        ("waf", "ap-guangzhou", "waf.bound.example.com"),
        ("live", "", "live.bound.example.com"),
        ("vod", "", "vod.bound.example.com"),
        ("teo", "", "teo.bound.example.com"),
        ("ddos", "", "bgpip-1|ddos.bound.example.com|443"),
        ("cos", "ap-hongkong", "ap-hongkong|bucket|cos.bound.example.com"),
    ]
    for kind, region, instance in everything:
        bind(kind, region, instance, certificate_id)
    result = look_up(certificate_id)
    assert result.Status == 1
    found = counts(result)
    # Two listeners of one load balancer.
    assert found[("clb", "ap-guangzhou")] == 1 and found[("cdn", "")] == 1 and len(found) == 8
    answer = typed("DescribeCertificateBindResourceTaskDetail", TaskId=result.TaskId, Limit="100", Offset="0")
    (balancer,) = answer.CLB[0].InstanceList
    assert balancer.LoadBalancerId == "lb-b1" and len(balancer.Listeners) == 2
    assert answer.CDN[0].InstanceList[0].CertId == certificate_id
    assert answer.COS[0].InstanceList[0].Bucket == "bucket"
    manage("POST", "/cloud", {"look_ups_fail": 1})
    failed = look_up(certificate_id)
    assert failed.Status == 2 and failed.Error.Code
    refused(
        "FailedOperation.CertificateSyncTaskIdInvalid",
        "DescribeCertificateBindResourceTaskResult",
        TaskIds=["nonsense"],
    )
    refused(
        "FailedOperation.CertificateSyncTaskCertificateIdCountInvalid",
        "CreateCertificateBindResourceSyncTask",
        CertificateIds=[certificate_id] * 101,
    )


def update(old, new, types, **more):
    request = {"OldCertificateId": old, "CertificateId": new, "ResourceTypes": types, **more}
    return typed("UpdateCertificateInstance", **request).DeployRecordId


def regions(kind, *names):
    region = models.ResourceTypeRegions()
    region.ResourceType, region.Regions = kind, list(names)
    return region


def call_update(old, new, types, places):
    """As update, for types with regions: the SDK's own objects go in."""
    request = models.UpdateCertificateInstanceRequest()
    request.OldCertificateId, request.CertificateId, request.ResourceTypes = old, new, types
    request.ResourceTypesRegions = places
    return CLIENT.UpdateCertificateInstance(request).DeployRecordId


def record_of(record):
    def settled():
        answer = typed("DescribeHostUpdateRecordDetail", DeployRecordId=str(record), Limit="200", Offset="0")
        assert answer.TotalCount > 0
        return answer if answer.RunningTotalCount + answer.PendingTotalCount == 0 else None

    return until("the record", settled)


@check
def moving():
    """resources are moved: 0 while the service gathers, one record for one move, failed parts tried again"""
    old, new = issued("move.example.com"), issued("move.example.com")
    bind("clb", "ap-guangzhou", "lb-m1|lbl-m1", old)
    bind("cdn", "", "a.move.example.com|on", old)
    bind("cdn", "", "b.move.example.com|on", old)
    manage("POST", "/cloud", {"gather": 2, "fail": {"instance": "b.move.example.com|on", "times": 1}})
    refused(
        "InvalidParameter", "UpdateCertificateInstance", raw,
        OldCertificateId=old, CertificateId=new, ResourceTypes=["clb"],
    )
    refused(
        "FailedOperation.CertificateHostResourceTypeInvalid", "UpdateCertificateInstance", raw,
        OldCertificateId=old, CertificateId=new, ResourceTypes=["CLB"],
    )
    balancers = [regions("clb", "ap-guangzhou")]
    records = [call_update(old, new, ["clb"], balancers) for _ in range(4)]
    assert records[:2] == [0, 0] and records[2] > 0 and records[3] == records[2], records
    refused(
        "FailedOperation.CertificateDeployHasPendingRecord", "UpdateCertificateInstance", raw,
        OldCertificateId=old, CertificateId=new, ResourceTypes=["cdn"],
    )
    assert record_of(records[2]).SuccessTotalCount == 1
    assert holder("lb-m1|lbl-m1") == new
    record = until("a record", lambda: update(old, new, ["cdn"]))
    detail = record_of(record)
    assert (detail.TotalCount, detail.SuccessTotalCount, detail.FailedTotalCount) == (2, 1, 1)
    (entries,) = [kind.List for kind in detail.RecordDetailList if kind.ResourceType == "cdn"]
    (failed,) = [entry for entry in entries if entry.Status == 2]
    assert failed.ErrorMsg and failed.CreateTime.endswith("Z"), failed
    conforms(raw("UpdateCertificateRecordRetry", DeployRecordId=record), models.UpdateCertificateRecordRetryResponse, "retry")
    assert record_of(record).SuccessTotalCount == 2
    refused(
        "FailedOperation.CertificateDeployRetryStatusInvalid", "UpdateCertificateRecordRetry", DeployRecordId=record
    )
    refused("FailedOperation.CertificateDeployNotExist", "UpdateCertificateRecordRetry", DeployRecordId=1)
    listed = typed("DescribeHostUpdateRecord", CertificateId=new, OldCertificateId=old, Limit=10, Offset=0)
    assert [one.Id for one in listed.DeployRecordList] == [record, records[2]] and listed.TotalCount == 2
    manage("POST", "/cloud", {"gather": 0})
    refused(
        "FailedOperation.CertificateDeployInstanceEmpty", "UpdateCertificateInstance", raw,
        OldCertificateId=old, CertificateId=new, ResourceTypes=["cdn"],
    )
    assert counts(look_up(new)) == {("clb", "ap-guangzhou"): 1, ("cdn", ""): 2}


@check
def stuck():
    """a task that is stuck stays so, and goes on when it can"""
    old, new = issued("stuck.example.com"), issued("stuck.example.com")
    bind("cdn", "", "stuck.example.com|on", old)
    manage("POST", "/cloud", {"stuck": True, "gather": 0})
    record = update(old, new, ["cdn"])
    time.sleep(1)
    detail = typed("DescribeHostUpdateRecordDetail", DeployRecordId=str(record))
    assert detail.RunningTotalCount == 1 and detail.SuccessTotalCount == 0
    assert update(old, new, ["cdn"]) == record, "the running task's number is told"
    manage("POST", "/cloud", {"stuck": False})
    assert record_of(record).SuccessTotalCount == 1


@check
def deploying():
    """named instances get a certificate; those that have it already are refused"""
    certificate_id = issued("named.example.com")
    bind("clb", "ap-guangzhou", "lb-n1|lbl-n1")
    bind("cdn", "", "named.example.com|on")
    parameters = {"CertificateId": certificate_id, "InstanceIdList": ["lb-n1|lbl-n1"], "ResourceType": "clb"}
    refused("MissingParameter", "DeployCertificateInstance", **parameters)
    there = ssl_client.SslClient(
        credential.Credential("AKIDSANDBOX", "SANDBOXKEY"), "ap-guangzhou", profile()
    )
    record = there.call_json("DeployCertificateInstance", parameters)["Response"]["DeployRecordId"]
    assert record > 0
    more = {"CertificateId": certificate_id, "InstanceIdList": ["named.example.com|on"], "ResourceType": "cdn"}
    answer = typed("DeployCertificateInstance", **more)
    assert answer.DeployStatus == 0, "the second call finds the first one's task"

    def settled():
        answer = typed("DescribeHostDeployRecordDetail", DeployRecordId=str(record), Limit=200, Offset=0)
        return answer if answer.RunningTotalCount + answer.PendingTotalCount == 0 else None

    assert until("the record", settled).SuccessTotalCount == 1
    assert holder("lb-n1|lbl-n1") == certificate_id
    until("the other one", lambda: holder("named.example.com|on") == certificate_id)
    listed = typed("DescribeHostDeployRecord", CertificateId=certificate_id, ResourceType="clb", Limit=10, Offset=0)
    assert [one.Id for one in listed.DeployRecordList] == [record]
    refused("FailedOperation.CertificateNotDeployInstance", "DeployCertificateInstance", **more)
    nowhere = {**more, "InstanceIdList": ["nowhere.example.com|on"]}
    refused("FailedOperation.CertificateDeployInstanceEmpty", "DeployCertificateInstance", **nowhere)


@check
def hosting():
    """hosting shows in the list and in the detail"""
    certificate_id = issued("hosting.example.com")
    manage("POST", f"/orders/{certificate_id}", {"hosting_status": 0})
    (entry,) = call("DescribeCertificates", CertIds=[certificate_id], Limit=10).Certificates
    assert entry.HostingStatus == 0
    assert call("DescribeCertificateDetail", CertificateId=certificate_id).HostingStatus == 0


def main():
    limits = {"requests_per_second": 0, "free_limit": 1000, "domain_limit": 1000}
    manage("POST", "/limits", limits)
    failed = 0
    for function in CHECKS:
        try:
            function()
            print(f"ok    {function.__doc__}")
        except Exception:
            failed += 1
            print(f"FAIL  {function.__doc__}")
            traceback.print_exc(file=sys.stdout)
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
