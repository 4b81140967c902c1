"""The operation that a request asks for, told from botocore's models."""

import pytest

from localaws.faults.operations import rest_operation, routes, signing_name


@pytest.mark.parametrize(
    ("method", "path", "query", "operation"),
    [
        ("GET", "/", {}, "ListBuckets"),
        ("PUT", "/lake", {}, "CreateBucket"),
        ("HEAD", "/lake/", {}, "HeadBucket"),
        ("GET", "/lake", {"prefix": "raw/"}, "ListObjects"),
        ("GET", "/lake", {"list-type": "2", "prefix": "raw/"}, "ListObjectsV2"),
        ("GET", "/lake", {"versions": ""}, "ListObjectVersions"),
        ("POST", "/lake", {"delete": ""}, "DeleteObjects"),
        ("GET", "/lake/raw/day=01/part.csv", {}, "GetObject"),
        ("GET", "/lake/raw/part.csv", {"versionId": "1"}, "GetObject"),
        ("HEAD", "/lake/raw/part.csv", {}, "HeadObject"),
        ("PUT", "/lake/raw/part.csv", {}, "PutObject"),
        ("PUT", "/lake/folder/", {}, "PutObject"),
        ("DELETE", "/lake/raw/part.csv", {}, "DeleteObject"),
        ("POST", "/lake/big", {"uploads": ""}, "CreateMultipartUpload"),
        ("PUT", "/lake/big", {"partNumber": "1", "uploadId": "x"}, "UploadPart"),
        ("POST", "/lake/big", {"uploadId": "x"}, "CompleteMultipartUpload"),
        ("DELETE", "/lake/big", {"uploadId": "x"}, "AbortMultipartUpload"),
    ],
)
def test_s3_operations_are_told_apart(method: str, path: str, query: dict[str, str], operation: str) -> None:
    """Method, path and query make an S3 operation, as its service model says."""
    assert rest_operation("s3", method, path, query, {}) == operation


def test_a_header_makes_a_copy() -> None:
    """A PUT that names a source copies."""
    headers = {"x-amz-copy-source": "/lake/other"}
    assert rest_operation("s3", "PUT", "/lake/part.csv", {}, headers) == "CopyObject"


def test_of_two_paths_the_more_literal_one_is_meant() -> None:
    """A service whose paths have names in them is read the same way."""
    assert rest_operation("securityhub", "GET", "/automationrulesv2/a", {}, {}) == "GetAutomationRuleV2"
    assert rest_operation("securityhub", "GET", "/automationrulesv2/list", {}, {}) == "ListAutomationRulesV2"


def test_what_no_model_knows_has_no_name() -> None:
    """Another method, a service that is not REST, and one that does not exist have no operation."""
    assert rest_operation("s3", "PATCH", "/lake/part.csv", {}, {}) is None
    assert routes("sagemaker") == ()
    assert routes("sagemeker") == ()


def test_a_service_signs_with_a_name_that_may_differ_from_its_own() -> None:
    """botocore's names and the signatures' names are both known."""
    assert signing_name("sagemaker-runtime") == "sagemaker"
    assert signing_name("states") == signing_name("stepfunctions") == "states"
