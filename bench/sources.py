"""Raw material for the corpora: Debian packages and archive indices, through apt.

Nothing is installed and the system's apt lists are left alone: packages are downloaded and unpacked
below a cache folder, and indices (Contents, Translation) go to a private list folder there."""
import glob
import os
import subprocess

LANGUAGES = ["en", "de", "fr", "it", "es", "da", "ja", "pl", "pt_BR", "pt", "ru", "nl", "sv", "uk",
             "cs", "sk", "ko", "zh_CN", "zh_TW", "hu", "fi", "sr"]

CONTENTS_TARGET = """
Acquire::IndexTargets::deb::Contents-deb {
    MetaKey "$(COMPONENT)/Contents-$(ARCHITECTURE)";
    ShortDescription "Contents-$(ARCHITECTURE)";
    Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Contents (deb)";
    flatMetaKey "Contents-$(ARCHITECTURE)";
    KeepCompressed "true";
};
"""


class Sources:
    def __init__(self, cache):
        self.cache = os.path.abspath(cache)
        self.lists = os.path.join(self.cache, "lists")
        self.config = os.path.join(self.cache, "apt.conf")
        self._have_indices = False

    def _apt(self, *arguments, **more):
        os.makedirs(os.path.join(self.lists, "partial"), exist_ok=True)
        with open(self.config, "w") as f:
            f.write('APT::Sandbox::User "root";\nDir::State::Lists "%s";\n' % self.lists)
            f.write(CONTENTS_TARGET)
        # Languages go on the command line, since images often switch them off in apt.conf.d.
        options = ["-q", "-o", "Acquire::Retries=3", "-o", "Acquire::Languages="]
        for language in LANGUAGES:
            options += ["-o", "Acquire::Languages::=" + language]
        return subprocess.run(["apt-get"] + options + list(arguments), check=True,
                              env=dict(os.environ, APT_CONFIG=self.config), **more)

    def indices(self):
        """Downloads the archive's indices once."""
        if self._have_indices:
            return
        if not glob.glob(os.path.join(self.lists, "*Contents-all*")):
            self._apt("update", stdout=subprocess.DEVNULL)
        self._have_indices = True

    def index_files(self, identifier):
        """Local files of one kind of index ("Contents-deb", "Translations", "Packages") of the
        Debian release's main archive, in a fixed order."""
        self.indices()
        with open("/etc/os-release") as f:
            release = dict(line.rstrip().split("=", 1) for line in f if "=" in line)
        out = self._apt("indextargets", "--format",
                        "$(FILENAME) $(IDENTIFIER) $(ORIGIN) $(CODENAME) $(COMPONENT)",
                        stdout=subprocess.PIPE).stdout.decode()
        found = set()
        for line in out.splitlines():
            name, kind, origin, codename, component = line.split()
            if (kind == identifier and origin == "Debian" and component == "main"
                    and codename == release["VERSION_CODENAME"].strip('"')):
                found.add(name)
        return sorted(found)

    def read_index(self, path):
        """The lines of an index as bytes, whatever apt keeps it compressed with."""
        helper = subprocess.Popen(["/usr/lib/apt/apt-helper", "cat-file", path],
                                  stdout=subprocess.PIPE)
        for line in helper.stdout:
            yield line.rstrip(b"\n")
        if helper.wait() != 0:
            raise OSError("apt-helper failed on " + path)

    def contents(self):
        """(path, "section/package,..." ) of every file in the release's main archive."""
        for name in self.index_files("Contents-deb"):
            for line in self.read_index(name):
                path, _, packages = line.rpartition(b" ")
                path = path.rstrip()
                if path and b"/" in packages:
                    yield path, packages

    def package(self, name):
        """The folder into which a package has been unpacked."""
        root = os.path.join(self.cache, "packages", name)
        if os.path.isdir(root):
            return root
        self.indices()
        downloads = os.path.join(self.cache, "downloads")
        os.makedirs(downloads, exist_ok=True)
        os.makedirs(os.path.dirname(root), exist_ok=True)
        self._apt("download", name, cwd=downloads, stdout=subprocess.DEVNULL)
        archive, = glob.glob(os.path.join(downloads, name + "_*.deb"))
        subprocess.run(["dpkg-deb", "-x", archive, root + ".partial"], check=True)
        os.rename(root + ".partial", root)
        os.remove(archive)
        return root

    def package_file(self, name, pattern):
        """The one file of a package that matches a glob pattern."""
        return self.package_files(name, pattern)[0]

    def package_files(self, name, pattern):
        found = sorted(glob.glob(os.path.join(self.package(name), pattern)))
        if not found:
            raise OSError("package %s has no file %s" % (name, pattern))
        return found
