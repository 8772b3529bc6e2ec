"""Files at URLs: redirects, private addresses, object storage, and the bounded cache."""

from __future__ import annotations

import http.server
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry

from nucleus_lab.engine import Engine
from nucleus_lab.engine.fetch_rules import check_address, check_allowed, check_host
from nucleus_lab.engine.fetching import fetch
from nucleus_lab.engine.settings import Settings
from nucleus_lab.errors import ForbiddenError, MediaError
from tests.s3_server import s3_server


class Site:
    """A web site on the loopback interface: files, redirects, and what it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"/a": b"content of a"}
        self.redirects: dict[str, str] = {}
        self.asked: list[str] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                onward = site.redirects.get(self.path)
                content = site.files.get(self.path, b"")
                self.send_response(302 if onward else 200 if self.path in site.files else 404)
                if onward:
                    self.send_header("Location", onward)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    yield running
    running.close()


def served(*patterns: str, private: tuple[str, ...] = (), **more: Any) -> Settings:
    """Settings of a server whose owner wrote these patterns down."""
    chosen: dict[str, Any] = {"fetch": patterns, "private_hosts": private, "fetch_timeout_s": 5.0}
    return Settings.load(serving=True, environment={}).changed(**chosen, **more)


# -- private addresses -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "[::1]",
     "[::ffff:127.0.0.1]", "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "127.0.0.%31"],
)  # fmt: skip
def test_no_spelling_of_this_machine_is_fetched_by_a_server(site: Site, host: str) -> None:
    refused = r"not public|plain letters|not a canonical IPv4 address"
    with pytest.raises((ForbiddenError, MediaError), match=refused):
        fetch(f"http://{host}:{site.port}/a", served("http://*"))

    assert site.asked == []


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
     "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "ff02::1",
     "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "fe80::1%eth0"],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    with pytest.raises(ForbiddenError, match="is not public"):
        check_address("h.example", address, ())


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_public_addresses_are_allowed(address: str) -> None:
    check_address("h.example", address, ())


@pytest.mark.parametrize("entry", ["*", "10.0.0.0/8", "10.1.2.3", "photos.intern", "*.intern"])
def test_an_owner_can_allow_hosts_and_networks(entry: str) -> None:
    check_address("photos.intern", "10.1.2.3", (entry,))
    if entry != "*":
        with pytest.raises(ForbiddenError):
            check_address("other.example", "192.168.1.1", (entry,))


def test_a_name_that_resolves_to_this_machine_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    looked: list[str] = []

    def resolve(host: Any, *rest: Any, **named: Any) -> Any:
        looked.append(host)
        return real("127.0.0.1" if host == "photos.example" else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    url = f"http://photos.example:{site.port}/a"

    with pytest.raises(ForbiddenError, match=r"photos\.example may not.*127\.0\.0\.1 is not pub"):
        fetch(url, served(f"http://photos.example:{site.port}/*"))
    assert (site.asked, "photos.example" in looked) == ([], True)

    allowed = served(f"http://photos.example:{site.port}/*", private=("photos.example",))
    assert fetch(url, allowed) == b"content of a"


def test_a_name_that_resolves_to_one_private_address_among_others_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", site.port)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", site.port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)

    with pytest.raises(ForbiddenError, match="is not public"):
        fetch(f"http://photos.example:{site.port}/a", served("http://*"))


def test_a_host_that_libraries_read_in_two_ways_is_refused() -> None:
    for host in ("a%2eexample", "bücher.example", "a b.example"):
        with pytest.raises(ForbiddenError, match="plain letters"):
            check_host(f"http://{host}/x", ())
    check_host("http://bücher.example/x", ("*",))


# -- redirects ---------------------------------------------------------------------------------


def test_a_redirect_is_followed_where_it_is_allowed_itself(site: Site) -> None:
    site.redirects |= {"/p/1": "/p/2", "/p/2": f"{site.url}/p/3"}
    site.files["/p/3"] = b"three"

    settings = served(f"{site.url}/p/*", private=("127.0.0.1",))

    assert fetch(f"{site.url}/p/1", settings) == b"three"
    assert site.asked == ["/p/1", "/p/2", "/p/3"]


@pytest.mark.parametrize(
    "onward",
    ["/secret", "/p/../secret", "http://localhost:{port}/p/a", "file:///etc/passwd",
     "s3://bucket/key", "http://169.254.169.254/latest", "//[::1]:{port}/p/a", "ftp://h/x"],
)  # fmt: skip
def test_a_redirect_to_anything_else_is_refused(site: Site, onward: str) -> None:
    site.redirects["/p/1"] = onward.format(port=site.port)
    site.files |= {"/secret": b"secret", "/p/a": b"also"}

    with pytest.raises(ForbiddenError, match="may not be fetched"):
        fetch(f"{site.url}/p/1", served(f"{site.url}/p/*", private=("127.0.0.1",)))

    assert site.asked == ["/p/1"]


def test_a_public_name_cannot_redirect_to_a_private_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **named: real(
            "127.0.0.1" if str(host).endswith(".example") else host, *rest, **named
        ),
    )
    site.redirects["/a1"] = f"http://inner.example:{site.port}/a"
    settings = served("http://*", private=("outer.example",))  # stands for a public one

    with pytest.raises(ForbiddenError, match=r"inner\.example may not be fetched"):
        fetch(f"http://outer.example:{site.port}/a1", settings)

    assert site.asked == ["/a1"]


def test_redirects_come_to_an_end(site: Site) -> None:
    site.redirects["/round"] = "/round"

    with pytest.raises(MediaError, match="redirected more than 5 times"):
        fetch(f"{site.url}/round", served(f"{site.url}/*", private=("127.0.0.1",)))

    assert len(site.asked) == 6


def test_a_file_that_announces_too_much_is_not_read(site: Site) -> None:
    site.files["/big"] = b"x" * 5000

    with pytest.raises(MediaError, match="more than the 4,000 bytes"):
        fetch(f"{site.url}/big", Settings(max_file_bytes=4000))


@pytest.mark.parametrize(
    ("pattern", "url", "allowed"),
    [
        ("https://good.org/photos/*", "https://good.org/photos/../private/a.png", False),
        ("https://good.org/photos/*", "https://good.org/photos/%2e%2e/private/a.png", False),
        ("https://good.org/photos/*", "https://good.org/photos/..\\private", False),
        ("https://good.org/photos/*", "https://good.org/photos/a..b.png", True),
        ("https://good.org/*", "https://good.org\\@evil.com/a", False),
        ("https://*", "https://good.org/a\n", True),
        ("s3://*", "s3://bucket/a.png", True),
        ("s3://bucket/p/*", "s3://bucket/p/a#b?c.png", True),
        ("s3://bucket/p/*", "s3://bucket/p/../q/a.png", False),
        ("s3://bucket/p/*.png", "s3://bucket/p/a.txt#.png", True),
        ("s3://team-*/p/*", "s3://team-a/p/x", True),
        ("s3://team-*/p/*", "s3://team-a/q/p/x", False),
        ("s3://bucket/*", "gs://bucket/a.png", False),
        ("gs://bucket/*", "gcs://bucket/a.png", True),
        ("az://photos/*", "abfs://photos/a.png", True),
        ("az://photos/*", "abfs://photos@other.dfs.core.windows.net/a.png", False),
        ("az://photos*/*", "abfs://photos@other.dfs.core.windows.net/a.png", False),
        ("abfs://photos@own.dfs.core.windows.net/*",
         "abfss://photos@own.dfs.core.windows.net/a.png", True),
        ("s3://bucket/*", "s3:///a.png", False),
        ("https://*", "https://a::file:///etc/passwd", False),
        ("s3://*", "s3://b/a::file:///etc/passwd", True),  # a key like another
    ],
)  # fmt: skip
def test_a_pattern_is_held_against_what_is_fetched(pattern: str, url: str, allowed: bool) -> None:
    if allowed:
        check_allowed(url, (pattern,))
    else:
        with pytest.raises(ForbiddenError):
            check_allowed(url, (pattern,))


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://h/x", "memory://x", "local:///etc/passwd", "data:,x", "x"]
)
def test_other_schemes_are_never_fetched(url: str) -> None:
    with pytest.raises(ForbiddenError, match="may not be fetched"):
        fetch(url, Settings())


# -- object storage ----------------------------------------------------------------------------


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Put fsspec's memory file system in the place of a cloud."""
    given: list[dict[str, Any]] = []
    held: dict[str, Any] = {}

    def install(kind: str) -> list[dict[str, Any]]:
        class Storage(MemoryFileSystem):
            protocol = kind
            cachable = False
            store = held
            pseudo_dirs: ClassVar[list[str]] = [""]

            def __init__(self, **options: Any) -> None:
                given.append(options)
                super().__init__()

            @classmethod
            def _strip_protocol(cls, path: str) -> str:
                return "/" + path.removeprefix(f"{kind}://").strip("/")

        monkeypatch.setitem(_registry, kind, Storage)
        for path, content in (("/bucket/p/a.png", b"picture"), ("/bucket/big", b"x" * 5000)):
            Storage().pipe(path, content)
        given.clear()
        return given

    yield install
    held.clear()


@pytest.mark.parametrize(
    ("kind", "scheme"),
    [("s3", "s3"), ("gs", "gs"), ("gs", "gcs"), ("abfs", "az"), ("abfs", "azure"),
     ("abfs", "abfs"), ("abfs", "abfss")],
)  # fmt: skip
def test_every_cloud_is_read_by_its_own_file_system(
    storage: Callable[[str], Any], kind: str, scheme: str
) -> None:
    given = storage(kind)

    assert fetch(f"{scheme}://bucket/p/a.png", Settings()) == b"picture"
    assert fetch(f"{scheme}://bucket/p/a.png", served(f"{scheme}://bucket/p/*")) == b"picture"
    with pytest.raises(ForbiddenError):
        fetch(f"{scheme}://bucket/big", served(f"{scheme}://bucket/p/*"))
    with pytest.raises(MediaError, match=r"more than the 4,000 bytes"):
        fetch(f"{scheme}://bucket/big", Settings(max_file_bytes=4000))
    with pytest.raises(MediaError, match=r"could not be fetched.*check the address, the cred"):
        fetch(f"{scheme}://bucket/missing", Settings())
    with pytest.raises(MediaError, match="names a bucket and no file"):
        fetch(f"{scheme}://bucket", Settings())
    assert len(given) == 4


def test_an_azure_url_may_name_its_account(storage: Callable[[str], Any]) -> None:
    given = storage("abfs")

    assert fetch("abfs://bucket@own1.dfs.core.windows.net/p/a.png", Settings()) == b"picture"
    assert given[0]["account_name"] == "own1"
    with pytest.raises(MediaError, match=r"'evil\.example' is no storage account"):
        fetch("abfs://bucket@evil.example/p/a.png", Settings())


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [("s3://b/k", "s3fs", "s3"), ("gs://b/k", "gcsfs", "gcs"), ("az://b/k", "adlfs", "azure")],
)
def test_a_missing_package_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, url: str, package: str, extra: str
) -> None:
    for kind in ("s3", "gs", "gcs", "abfs", "az"):
        monkeypatch.delitem(_registry, kind, raising=False)
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(MediaError, match=rf"needs {package}.*nucleus_lab\[{extra}\]"):
        fetch(url, Settings())


def test_storage_that_does_not_answer_is_given_up(
    storage: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    storage("s3")
    released = threading.Event()
    kind = fsspec.get_filesystem_class("s3")
    monkeypatch.setattr(kind, "open", lambda *_, **__: released.wait(20))
    try:
        with pytest.raises(MediaError, match="took longer than allowed"):
            fetch("s3://bucket/p/a.png", Settings(fetch_timeout_s=0.1))
    finally:
        released.set()


@pytest.fixture
def photos_in_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server of our own with one public name of a bucket."""
    with s3_server(monkeypatch) as endpoint:
        import boto3

        keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "us-east-1"}
        s3 = boto3.client("s3", endpoint_url=endpoint, **keys)
        s3.create_bucket(Bucket="photos")
        s3.put_object(Bucket="photos", Key="p/a.png", Body=b"from s3")
        options = {"endpoint_url": endpoint, "key": "k", "secret": "s"}
        monkeypatch.setitem(fsspec.config.conf, "s3", options)
        yield endpoint
        s3.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_file_in_s3_is_read(photos_in_s3: str, workspace: Path) -> None:
    engine = Engine(workspace, settings=served("s3://photos/*"))
    try:
        remote = engine.media.thumbnails.remote
        assert remote.read("s3://photos/p/a.png") == b"from s3"
        with pytest.raises(MediaError, match=r"s3://photos/p/missing could not be fetched"):
            remote.read("s3://photos/p/missing")
        with pytest.raises(ForbiddenError, match="allowed are: s3://photos/"):
            remote.read("s3://others/p/a.png")
    finally:
        engine.close()


# -- the cache ---------------------------------------------------------------------------------


def kept(engine: Engine) -> list[int]:
    root = engine.workspace / "remote"
    return sorted(path.stat().st_size for path in root.rglob("*") if path.is_file())


def test_what_nobody_looked_at_for_longest_is_swept_first(workspace: Path, site: Site) -> None:
    site.files |= {f"/{n}": bytes(1000 + n) for n in range(12)}
    engine = Engine(workspace, settings=Settings(remote_cache_bytes=10_000))
    try:
        remote = engine.media.thumbnails.remote
        for n in range(9):
            remote.read(f"{site.url}/{n}")
            path = remote.kept(f"{site.url}/{n}")
            assert path is not None
            os.utime(path, (n, n))
        remote.read(f"{site.url}/0")  # looked at again: not the oldest any more
        asked = len(site.asked)

        remote.read(f"{site.url}/10")

        sizes = kept(engine)
        assert sum(sizes) <= 10_000
        assert (1000 in sizes, 1001 in sizes, 1010 in sizes) == (True, False, True)
        assert len(site.asked) == asked + 1
        remote.read(f"{site.url}/1")
        assert len(site.asked) == asked + 2
    finally:
        engine.close()


def test_a_lower_limit_counts_at_the_next_sweep(workspace: Path, site: Site) -> None:
    site.files |= {f"/{n}": bytes(1000) for n in range(8)}
    engine = Engine(workspace)
    for n in range(8):
        engine.media.thumbnails.remote.read(f"{site.url}/{n}")
    stale = engine.workspace / "remote" / "aa" / "x.1-2.part"
    stale.parent.mkdir(exist_ok=True)
    stale.write_bytes(b"x")
    os.utime(stale, (0, 0))
    engine.close()

    engine = Engine(workspace, settings=Settings(remote_cache_bytes=4000))
    try:
        assert len(kept(engine)) == 9
        assert engine.media.sweep() == 5
        assert kept(engine) == [1000] * 3
        assert engine.media.sweep() == 0
    finally:
        engine.close()


def test_without_room_nothing_is_kept(workspace: Path, site: Site) -> None:
    engine = Engine(workspace, settings=Settings(remote_cache_bytes=0))
    try:
        for _ in range(2):
            assert engine.media.thumbnails.remote.read(f"{site.url}/a") == b"content of a"
        assert kept(engine) == []
        assert site.asked == ["/a", "/a"]
    finally:
        engine.close()
