"""The command line behind `make bundle` and `make deploy`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from mwaa import images
from mwaa.bucket import Bucket
from mwaa.bundle import Bundle, bundle, write
from mwaa.deployment import Deployment
from mwaa.environments import Environments
from mwaa.errors import DeployError
from mwaa.rest_api import RestApi
from mwaa.smoke import SmokeTest

REPO = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str], variables: Mapping[str, str]) -> int:
    """Do what the arguments say. Returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        made = bundle(REPO, images.image(options.airflow))
        for path in made.left_out:
            print(f"skip    {path}, which git does not track: git add it to have it shipped")
        if options.command == "bundle":
            _bundle(made, options.out or Path("dist") / f"mwaa-{made.airflow}")
        else:
            _deploy(made, options, variables)
    except (DeployError, BotoCoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The options; make hands AIRFLOW, BUCKET, ENVIRONMENT and DRY_RUN on as they were typed."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--airflow", default="3.3", help="the Airflow of the environment, such as 3.3 or 3.2")
    made = argparse.ArgumentParser(prog="python -m mwaa", description=__doc__)
    chosen = made.add_subparsers(dest="command", required=True)
    make = chosen.add_parser("bundle", parents=[common], help="make what is uploaded")
    make.add_argument("--out", type=Path, help="folder to lay it out in (default: dist/mwaa-<version>)")
    send = chosen.add_parser("deploy", parents=[common], help="bring it to an environment")
    send.add_argument("--bucket", required=True, help="the environment's bucket")
    send.add_argument("--environment", required=True, help="the environment's name")
    send.add_argument("--dry-run", action="store_true", help="print the plan and do nothing")
    send.add_argument("--poll-seconds", type=float, default=20.0, help="between two looks at the environment")
    return made


def _bundle(made: Bundle, folder: Path) -> None:
    write(made, folder)
    for path, digest in made.digests.items():
        print(f"{digest}  {path}")
    print(f"code   {made.code_version}")
    print(f"bundle {made.digest} for Airflow {made.airflow} in {folder}")


def _deploy(made: Bundle, options: argparse.Namespace, variables: Mapping[str, str]) -> None:
    if not options.bucket or not options.environment:
        raise DeployError("give both: make deploy BUCKET=the-bucket ENVIRONMENT=the-environment")
    print(f"code    {made.code_version}", flush=True)
    mwaa, poll_s = client("mwaa", variables), options.poll_seconds
    Deployment(
        bundle=made,
        bucket=Bucket(client("s3", variables), options.bucket),
        environments=Environments(mwaa, poll_s=poll_s),
        smoke=SmokeTest(RestApi(mwaa, options.environment), poll_s=min(poll_s, 5.0)),
        say=lambda line: print(line, flush=True),
    ).run(options.environment, dry=options.dry_run)


def client(service: str, variables: Mapping[str, str]) -> Any:
    """A client with the person's own credentials and region."""
    # MWAA's hosts are api.airflow… and env.airflow…; a single endpoint has no such names.
    elsewhere = any(name.startswith("AWS_ENDPOINT_URL") for name in variables)
    retries = {"mode": "standard", "max_attempts": 8}
    return boto3.client(service, config=Config(retries=retries, inject_host_prefix=not elsewhere))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
