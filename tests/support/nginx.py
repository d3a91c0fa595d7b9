"""nginx with the configuration that the project ships, on free ports in front of servers of the tests."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.certificates import self_signed
from tests.support.processes import command_as, start, stop, unprivileged_user, wait_until
from tests.support.waiting import is_listening

__all__ = ["Nginx", "nginx_binary", "running_nginx", "site_for_tests"]

_START_SECONDS = 30.0
_WHOLE = """\
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/photoz.conf;
}}
"""


@dataclass(slots=True)
class Nginx:
    """An nginx that runs, and keeps its addresses through restarts.

    Parameters
    ----------
    url, plain_url
        Its addresses with and without TLS.
    site
        The file with the upstream.
    certificate
        The certificate that clients trust.
    command
        The command that starts it.
    """

    url: str
    plain_url: str
    site: Path
    certificate: Path
    errors: Path
    command: tuple[str, ...]
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def reload(self) -> str:
        """The command by which it reads its configuration anew."""
        assert self.process is not None
        return f"kill -{signal.SIGHUP.value} {self.process.pid}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        log = self.errors.with_name("nginx.log")
        self.process = start(command_as(None, self.command), log=log)
        wait_until(lambda: is_listening(int(self.url.rpartition(":")[2])), self.process, log, _START_SECONDS)

    def kill(self) -> None:
        """Kill it with its worker processes, as a crash of its container does."""
        assert self.process is not None
        master = psutil.Process(self.process.pid)
        for process in (master, *master.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(_START_SECONDS)

    def stop(self) -> None:
        """Stop it."""
        if self.process is not None:
            stop(self.process)


def nginx_binary() -> str | None:
    """Find nginx, which Debian keeps off the PATH of users; none when it is not installed."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def site_for_tests(
    text: str, *, ports: tuple[int, int], servers: Sequence[int], certificate: tuple[Path, Path], logs: Path
) -> str:
    """Change the lines of the configuration that an operator is told to change, and the folder of logs."""
    plain, tls = ports
    changes = (
        (r"(?m)^    server 127\.0\.0\.1:8001(.*);\n    server 127\.0\.0\.1:8002.*;$",
         "\n".join(rf"    server 127.0.0.1:{port}\1;" for port in servers)),
        (r"listen 80;", f"listen 127.0.0.1:{plain};"),
        (r"listen 443 ssl", f"listen 127.0.0.1:{tls} ssl"),
        (r"server_name photoz\.example\.org", "server_name 127.0.0.1"),
        (r"https://photoz\.example\.org\$", f"https://127.0.0.1:{tls}$"),
        (r"/etc/letsencrypt/live/photoz\.example\.org/fullchain\.pem", str(certificate[0])),
        (r"/etc/letsencrypt/live/photoz\.example\.org/privkey\.pem", str(certificate[1])),
        (r"/var/log/nginx/", f"{logs}/"),
    )  # fmt: skip
    for pattern, new in changes:
        text, count = re.subn(pattern, new, text)
        assert count, f"the configuration has no {pattern}"
    return text


@contextmanager
def running_nginx(
    binary: str, shipped: Path, folder: Path, servers: Sequence[int], ports: tuple[int, int]
) -> Iterator[Nginx]:
    """Start nginx with the shipped configuration, wait until it listens, and stop it at the end."""
    plain, tls = ports
    certificate = self_signed(folder)
    site = folder / "photoz.conf"
    site.write_text(
        site_for_tests(
            shipped.read_text(),
            ports=ports,
            servers=servers,
            certificate=(certificate.cert, certificate.key),
            logs=folder,
        )
    )
    whole, user = folder / "nginx.conf", unprivileged_user("www-data", "nobody")
    whole.write_text(_WHOLE.format(folder=folder, user=f"user {user};" if user else ""))
    command = [binary, "-p", str(folder), "-c", str(whole), "-e", str(folder / "error.log")]
    subprocess.run([*command, "-t", "-q"], check=True)
    nginx = Nginx(
        f"https://127.0.0.1:{tls}",
        f"http://127.0.0.1:{plain}",
        site,
        certificate.cert,
        folder / "error.log",
        tuple(command),
    )
    try:
        nginx.start()
        yield nginx
    finally:
        nginx.stop()
