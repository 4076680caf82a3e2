# The digest is that of the release's sources, which tools/packages/recipes fills in.
class Keyfold < Formula
  desc "Fold a huge dictionary into one small read-only file that every process maps"
  homepage "https://pypi.org/project/keyfold/"
  url "https://pypi.org/packages/source/k/keyfold/keyfold-0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"

  depends_on "meson" => :build
  depends_on "ninja" => :build
  depends_on "pkgconf" => :build
  depends_on "xxhash" => :build
  depends_on "utf8proc"
  depends_on "xz"
  depends_on "zstd"

  uses_from_macos "bzip2"
  uses_from_macos "zlib"

  def install
    system "meson", "setup", "made", "-Dtests=false", "-Dxz=enabled", "-Dbzip2=enabled", *std_meson_args
    system "meson", "install", "-C", "made"
  end

  test do
    (testpath/"airports.tsv").write "OSL\tOslo\nARN\tStockholm\n"
    system bin/"keyfold", "build", "-o", "airports.kf", "airports.tsv"
    assert_equal "OSL\tOslo\n", shell_output("#{bin}/keyfold get airports.kf OSL")
  end
end
