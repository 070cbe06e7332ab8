"""Runs terraform with the real AWS provider against one Penstock.

The provider comes from a mirror folder: $TF_PLUGIN_MIRROR, or one of the usual places. Without it (or without terraform)
the tests that use it are skipped, loudly; with CI set they fail instead.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from penstock_process import REGION, ROOT_KEY, ROOT_SECRET, PenstockProcess

USUAL_PLACES = ["/opt/tf-plugins", "/opt/terraform-plugins", "/usr/share/terraform/plugins", "/usr/local/share/terraform/plugins",
                "~/.terraform.d/plugins", "~/.local/share/terraform/plugins", "/opt/terraform/plugins", "/opt"]


def mirror() -> str | None:
    for place in [os.environ.get("TF_PLUGIN_MIRROR", ""), *USUAL_PLACES]:
        if place and (Path(place).expanduser() / "registry.terraform.io" / "hashicorp" / "aws").is_dir():
            return str(Path(place).expanduser())
    return None


def unavailable(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(f"TERRAFORM TESTS NOT RUN: {why}")


class Terraform:
    """One configuration with its own state, run against one server. `folder` holds the .tf files and is written to."""

    def __init__(self, folder: Path, server: PenstockProcess):
        binary, plugins = shutil.which("terraform"), mirror()
        if binary is None:
            unavailable("no terraform on the PATH")
        if plugins is None:
            unavailable("no provider mirror: set TF_PLUGIN_MIRROR to a folder that holds registry.terraform.io")
        self.folder = folder
        settings = folder / "terraformrc"
        settings.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{plugins}"\n  }}\n}}\n')
        self.command = [binary, f"-chdir={self.folder}"]
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))},
            "TF_CLI_CONFIG_FILE": str(settings), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1",
            "AWS_ACCESS_KEY_ID": ROOT_KEY, "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
            "TF_VAR_penstock_endpoint": server.endpoints["api"], "TF_VAR_region": REGION,
        }

    def run(self, *arguments: str, variables: dict | None = None, statuses: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess:
        given = [f"-var={name}={json.dumps(value) if not isinstance(value, str) else value}"
                 for name, value in (variables or {}).items()]
        done = subprocess.run([*self.command, arguments[0], "-no-color", *given, *arguments[1:]], env=self.environment,
                              capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
        assert done.returncode in statuses, f"terraform {' '.join(arguments)}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done

    def apply(self, variables: dict | None = None) -> None:
        self.run("apply", "-auto-approve", "-input=false", variables=variables)

    def assert_empty_plan(self, variables: dict | None = None) -> None:
        done = self.run("plan", "-detailed-exitcode", "-input=false", variables=variables, statuses=(0, 2))
        assert done.returncode == 0, f"the plan is not empty:\n{done.stdout}"

    def state(self) -> list[str]:
        return self._state_command("list").split()

    def forget(self, address: str) -> None:
        self._state_command("rm", address)

    def _state_command(self, *arguments: str) -> str:
        return subprocess.run([*self.command, "state", *arguments], env=self.environment, capture_output=True, text=True,
                              check=True).stdout

    def outputs(self) -> dict:
        done = self.run("output", "-json")
        return {name: output["value"] for name, output in json.loads(done.stdout).items()}
