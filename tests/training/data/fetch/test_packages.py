import gzip
import io
import shutil
import subprocess
import tarfile
import zipfile

import pytest

from training.data.fetch.packages import download_package, names_in, read_archive

FILES = {"top/a.txt": b"a", "top/sub/b.txt": b"bb"}


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@pytest.mark.parametrize(("name", "pack"), [("p.whl", zipped), ("p.zip", zipped), ("p.tar.gz", tarred)])
def test_archives_give_the_files_that_they_have(tmp_path, name, pack):
    path = tmp_path / name
    path.write_bytes(pack({**FILES, "in.zip": zipped({"deep/c.txt": b"ccc"}), "d.txt.gz": gzip.compress(b"dddd")}))
    wanted = ["top/a.txt", "in.zip!deep/c.txt", "d.txt.gz!", "never", "never.zip!there"]
    assert dict(read_archive(path, wanted)) == {"top/a.txt": b"a", "in.zip!deep/c.txt": b"ccc", "d.txt.gz!": b"dddd"}
    assert set(names_in(path)) == {*FILES, "in.zip", "d.txt.gz"}


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb makes the package")
def test_a_debian_package_gives_its_files(tmp_path):
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "usr/share").mkdir(parents=True)
    (tree / "usr/share/a.txt").write_bytes(b"a")
    control = "Package: toy\nVersion: 1\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: toy\n"
    (tree / "DEBIAN/control").write_text(control)
    subprocess.run(["dpkg-deb", "--build", str(tree), str(tmp_path / "toy.deb")], check=True, capture_output=True)
    assert dict(read_archive(tmp_path / "toy.deb", ["usr/share/a.txt", "b"])) == {"usr/share/a.txt": b"a"}


@pytest.mark.parametrize("name", ["broken.zip", "broken.tar.gz", "broken.deb"])
def test_a_broken_archive_is_one_sentence(tmp_path, name):
    (tmp_path / name).write_bytes(b"no archive at all")
    with pytest.raises(ValueError, match="no archive that can be read|no package that|not on this machine") as caught:
        list(read_archive(tmp_path / name, ["a"]))
    assert "\n" not in str(caught.value)


def test_a_client_that_is_missing_or_fails_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("training.data.fetch.packages.COMMANDS", {"debian": ("no-such-client",), "wheel": ("false",)})
    with pytest.raises(ValueError, match="toy comes with no-such-client, which is not on this machine"):
        download_package("debian", "toy", tmp_path)
    with pytest.raises(ValueError, match="toy did not come"):
        download_package("wheel", "toy", tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_package_is_downloaded_once(tmp_path, monkeypatch):
    monkeypatch.setattr("training.data.fetch.packages.COMMANDS", {"wheel": ("touch",)})
    first = download_package("wheel", "toy==1.0", tmp_path)
    monkeypatch.setattr("training.data.fetch.packages.COMMANDS", {"wheel": ("false",)})
    assert download_package("wheel", "toy==1.0", tmp_path) == first and first.is_file()
