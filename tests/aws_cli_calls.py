"""Debian's AWS CLI, many calls in a row without starting Python for each: a line of standard input is a JSON list of arguments,
its answer a line of standard output, [status, output, errors]. Each call runs in a process of its own, forked from this one."""

import json
import os
import sys
import tempfile

import awscli.clidriver


def call(driver, arguments: list[str]) -> list:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            status = 255
            try:
                os.dup2(out.fileno(), 1)
                os.dup2(errors.fileno(), 2)
                status = driver.main(arguments)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        texts = []
        for kept in (out, errors):
            kept.seek(0)
            texts.append(kept.read().decode())
        return [status, *texts]


def main():
    driver = awscli.clidriver.create_clidriver()
    for service in ("lambda", "logs"):
        driver.session.get_service_model(service)
    for line in sys.stdin:
        print(json.dumps(call(driver, json.loads(line))), flush=True)


main()
