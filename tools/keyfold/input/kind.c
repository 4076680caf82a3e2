#include "input/kind.h"
#include "system.h"

#include <string.h>

/* What to do with kinds that are dealt with alike. */
#define UNPACK(command) "unpack it first (" command ") and build from the files in it"
#define FROM_PANDAS(call) "in Python, keyfold.compile(path, pandas." call "('%s'), key=..., value=...)"
#define EXPORT "export what you need of it as CSV or TSV, and build from that"
#define NOT_TEXT "it holds no lines of keys"
#define SPREADSHEET "save the sheet as CSV and build from that; or " FROM_PANDAS("read_excel")
#define LOAD_PICKLE "in Python, keyfold.compile(path, pickle.load(open('%s', 'rb'))) takes a dict or pairs"

typedef struct mark {
    size_t at;
    const char *bytes;
    size_t size;
    int alone;        /* tells without a NUL byte near */
    kft_kind kind;
} mark;
#define MARK(at, bytes, name, remedy) { at, bytes, sizeof(bytes) - 1, 0, { name, remedy } }
#define MARK_ALONE(at, bytes, name, remedy) { at, bytes, sizeof(bytes) - 1, 1, { name, remedy } }

static const mark marks[] = {
    MARK(0, "\x89KFD\r\n\x1a\n", "a keyfold dictionary",
         "it is built already; keyfold merge makes one of several, keyfold dump prints what is in it"),

    MARK(0, "PK\3\4", "a zip archive", UNPACK("unzip '%s'")),
    MARK(0, "PK\5\6", "an empty zip archive", NOT_TEXT),
    MARK(0, "PK\7\10", "a zip archive", UNPACK("unzip '%s'")),
    MARK(257, "ustar\0", "a tar archive", UNPACK("tar -xf '%s'")),
    MARK(257, "ustar  \0", "a tar archive", UNPACK("tar -xf '%s'")),
    MARK(0, "7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK("7z x '%s'")),
    MARK(0, "Rar!\x1a\7", "a RAR archive", UNPACK("unrar x '%s'")),
    MARK_ALONE(0, "!<arch>\n", "an ar archive or Debian package", UNPACK("ar x '%s'")),
    MARK(0, "070701", "a cpio archive", UNPACK("cpio -i <'%s'")),
    MARK(0, "MSCF", "a cabinet archive", UNPACK("cabextract '%s'")),
    MARK(0, "\xed\xab\xee\xdb", "an RPM package", UNPACK("rpm2cpio '%s' | cpio -i")),
    MARK(32769, "CD001", "an ISO image", UNPACK("7z x '%s'")),

    MARK(0, "\x04\x22\x4d\x18", "lz4 data", "unpack it on the way: lz4 -dc '%s' | keyfold build ... -"),
    MARK(0, "\x02\x21\x4c\x18", "lz4 data", "unpack it on the way: lz4 -dc '%s' | keyfold build ... -"),
    MARK(0, "LZIP\1", "lzip data", "unpack it on the way: lzip -dc '%s' | keyfold build ... -"),
    MARK(0, "\x89LZO\0", "lzop data", "unpack it on the way: lzop -dc '%s' | keyfold build ... -"),
    MARK_ALONE(0, "\x1f\x9d\x90", "compress (.Z) data", "unpack it on the way: gzip -dc '%s' | keyfold build ... -"),
    MARK(0, "\x5d\0\0", "lzma data", "unpack it on the way: xz -dc --format=lzma '%s' | keyfold build ... -"),
    MARK(0, "\xff\6\0\0sNaPpY", "snappy data", "unpack it first"),
    MARK(0, "x\x9c", "zlib data", "unpack it first"),
    MARK(0, "x\xda", "zlib data", "unpack it first"),
    MARK(0, "x\1", "zlib data", "unpack it first"),
    MARK(0, "Salted__", "encrypted data (openssl)", "decrypt it first"),

    MARK(0, "PAR1", "a Parquet file", FROM_PANDAS("read_parquet")),
    MARK(0, "PAR1\x15", "a Parquet file", FROM_PANDAS("read_parquet")),
    MARK(0, "PARE", "an encrypted Parquet file", EXPORT),
    MARK(0, "ARROW1\0\0", "an Arrow or Feather file", FROM_PANDAS("read_feather")),
    MARK(0, "FEA1", "a Feather file", FROM_PANDAS("read_feather")),
    MARK(0, "\xff\xff\xff\xff", "an Arrow stream",
         "in Python, read it with pyarrow.ipc.open_stream and hand the columns to keyfold.compile"),
    MARK(0, "ORC", "an ORC file", FROM_PANDAS("read_orc")),
    MARK(0, "Obj\1", "an Avro file", EXPORT),
    MARK(0, "\x89HDF\r\n\x1a\n", "an HDF5 file", EXPORT " (in Python, h5py or pandas.read_hdf)"),
    MARK(0, "CDF\1", "a NetCDF file", EXPORT),
    MARK(0, "CDF\2", "a NetCDF file", EXPORT),
    MARK(0, "\x93NUMPY\1", "a NumPy array (.npy)",
         "in Python, load it with numpy.load('%s') and hand pairs to keyfold.compile"),
    MARK(0, "MATLAB 5.0 MAT-file", "a MATLAB file", EXPORT),
    MARK(0, "RDX", "an R data file", EXPORT),
    MARK(0, "X\n\0\0", "an R data file (.rds)", EXPORT),
    MARK(0, "<stata_dta>", "a Stata file", FROM_PANDAS("read_stata")),
    MARK(0, "$FL2", "an SPSS file", FROM_PANDAS("read_spss")),
    MARK(84, "\xc2\xea\x81\x60", "a SAS file", FROM_PANDAS("read_sas")),
    MARK(12, "\xc2\xea\x81\x60", "a SAS file", FROM_PANDAS("read_sas")),
    MARK_ALONE(0, "HEADER RECORD*******LIBRARY HEADER", "a SAS transport file", FROM_PANDAS("read_sas")),
    MARK_ALONE(0, "ASCII SPSS PORT FILE", "an SPSS file", FROM_PANDAS("read_spss")),
    MARK_ALONE(0, "A\n3\n26", "an R data file (.rds, as text)", EXPORT),
    MARK_ALONE(0, "@relation ", "an ARFF file", EXPORT),
    MARK_ALONE(0, "@RELATION ", "an ARFF file", EXPORT),
    MARK(0, "GGUF", "a GGUF model", NOT_TEXT),

    MARK(0, "SQLite format 3\0", "an SQLite database",
         "take a query's result: sqlite3 -csv '%s' 'SELECT key, value FROM ...' | keyfold build -f csv ... -"),
    MARK(8, "DUCK", "a DuckDB database",
         "take a query's result: duckdb -csv -noheader '%s' 'SELECT ...' | keyfold build -f csv ... -"),
    MARK(16, "\xde\xc0\xef\xbe", "an LMDB database",
         "in Python, hand keyfold.compile the pairs of a cursor of lmdb.open"),
    MARK(0, "\xce\x9a\x57\x13", "a GDBM database", "in Python, hand keyfold.compile the pairs of dbm.gnu.open('%s')"),
    MARK(0, "\xcf\x9a\x57\x13", "a GDBM database", "in Python, hand keyfold.compile the pairs of dbm.gnu.open('%s')"),
    MARK(0, "\xcd\x9a\x57\x13", "a GDBM database", "in Python, hand keyfold.compile the pairs of dbm.gnu.open('%s')"),
    MARK(12, "\x61\x15\6\0", "a Berkeley DB database", "print it with db_dump -p '%s'"),
    MARK(12, "\x62\x31\5\0", "a Berkeley DB database", "print it with db_dump -p '%s'"),
    MARK(0, "ToKyO CaBiNeT\n", "a Tokyo Cabinet database", "print it with tchmgr list -pv '%s'"),
    MARK(0, "KC\n\0", "a Kyoto Cabinet database", "print it with kchashmgr list -pv '%s'"),
    MARK(0, "REDIS0", "a Redis dump (RDB)", "load it, and take the keys and values from the server"),
    MARK(0, "PGDMP", "a PostgreSQL dump", "restore it, and take a query's result: psql -c 'COPY ... TO STDOUT'"),
    MARK(4, "Standard Jet DB", "an Access database", EXPORT),
    MARK(4, "Standard ACE DB", "an Access database", EXPORT),
    MARK(0, "We love Marisa.\0", "a marisa trie",
         "marisa-dump '%s' prints its keys, which --format lines --raw reads"),
    MARK(0, "\xd6\xfd\xb2\x7e", "an OpenFst automaton", "print it with fstprint '%s'"),
    MARK(0, "\x3f\xd7\x6c\x17", "a Lucene index file", EXPORT),
    MARK(0, "bplist00", "a binary property list", "convert it: plutil -convert json -o - '%s'"),

    MARK(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.xls, .doc)",
         "save the sheet as CSV and build from that"),
    MARK_ALONE(0, "{\\rtf1", "an RTF document", "save it as plain text"),
    MARK_ALONE(0, "%!PS-Adobe-", "a PostScript document", NOT_TEXT),
    MARK(0, "%PDF-", "a PDF document", "take the text out of it (pdftotext), or find the data it was made of"),

    MARK(0, "\x7f" "ELF", "a program or library (ELF)", NOT_TEXT),
    MARK(0, "MZ", "a Windows program", NOT_TEXT),
    MARK(0, "\xca\xfe\xba\xbe", "a Java class or macOS program", NOT_TEXT),
    MARK(0, "\xcf\xfa\xed\xfe", "a macOS program", NOT_TEXT),
    MARK(0, "\0asm", "a WebAssembly program", NOT_TEXT),
    MARK(1, "\r\r\n", "compiled Python (.pyc)", NOT_TEXT),
    MARK(0, "\xac\xed\0\5", "serialised Java objects", NOT_TEXT),
    MARK(0, "DIRC\0", "a git index", NOT_TEXT),
    MARK(0, "PACK\0", "a git pack", NOT_TEXT),

    MARK(0, "\x89PNG\r\n\x1a\n", "a PNG image", NOT_TEXT),
    MARK(0, "\xff\xd8\xff", "a JPEG image", NOT_TEXT),
    MARK(0, "GIF8", "a GIF image", NOT_TEXT),
    MARK(0, "BM", "a BMP image", NOT_TEXT),
    MARK(0, "II*\0", "a TIFF image", NOT_TEXT),
    MARK(0, "MM\0*", "a TIFF image", NOT_TEXT),
    MARK(8, "WEBP", "a WebP image", NOT_TEXT),
    MARK(8, "WAVE", "a WAVE sound", NOT_TEXT),
    MARK(0, "ID3", "an MP3 sound", NOT_TEXT),
    MARK(0, "OggS", "an Ogg file", NOT_TEXT),
    MARK(0, "fLaC", "a FLAC sound", NOT_TEXT),
    MARK(4, "ftyp", "an MP4 or QuickTime film", NOT_TEXT),
    MARK(0, "\x1a\x45\xdf\xa3", "a Matroska or WebM film", NOT_TEXT),
    MARK(0, "wOFF", "a font", NOT_TEXT),
    MARK(0, "wOF2", "a font", NOT_TEXT),
    MARK(0, "OTTO\0", "a font", NOT_TEXT),
    MARK(0, "\0\1\0\0\0", "a font", NOT_TEXT),
    MARK(0, "\0\0\1\0", "an icon", NOT_TEXT),
    MARK(0, "8BPS\0", "a Photoshop image", NOT_TEXT),
    MARK(0, "MThd\0", "a MIDI file", NOT_TEXT),
    MARK(0, "AT&TFORM", "a DjVu document", NOT_TEXT),
    MARK(0, "\xd4\xc3\xb2\xa1", "captured network packets", NOT_TEXT),
    MARK(0, "\xde\x12\x04\x95", "compiled translations (.mo)", "turn it into text: msgunfmt '%s'"),

    MARK(0, "}q\0", "a pickle", LOAD_PICKLE),
    MARK(0, "]q\0", "a pickle", LOAD_PICKLE),
    MARK_ALONE(0, "version https://git-lfs.github.com/spec/", "a pointer of Git LFS, not the file itself",
               "fetch it: git lfs pull"),
};

/* Whether a mark is none that text has: it holds control characters, and is long enough. */
static int is_binary(const mark *sign)
{
    size_t controls = 0;

    for (size_t i = 0; i < sign->size; i++) {
        uint8_t byte = (uint8_t)sign->bytes[i];

        controls += (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
    }
    return sign->size >= 4 && controls > 0 && sign->size + controls >= 6;
}

static int matches(const mark *sign, const kft_head *head, int has_nul)
{
    return head->size >= sign->at + sign->size && memcmp(head->data + sign->at, sign->bytes, sign->size) == 0 &&
           (has_nul || sign->alone || is_binary(sign));
}

/* Protocols 2 to 5 begin with 0x80 and their number; protocol 0 is lines. All end with a full stop. */
static int is_pickle(const kft_head *head, int has_nul)
{
    static const char first[] = "\x95}](cXBCKMNIJGU\x8c\x88\x89\x8a\x8e\x8f)";

    if (head->size > 6 && head->data[0] == '(' && memchr("dlt", head->data[1], 3) != NULL &&
        head->data[2] == 'p' && head->data[4] == '\n')
        return memchr("VSIFLc(", head->data[5], 7) != NULL && memmem(head->data, head->size, "\np2\n", 4) != NULL;
    return head->size >= 4 && head->data[0] == 0x80 && head->data[1] >= 2 && head->data[1] <= 5 &&
           memchr(first, head->data[2], sizeof first - 1) != NULL &&
           (has_nul || (head->whole && head->data[head->size - 1] == '.'));
}

/* %PDF-1.4 may be a key of a list of such marks; the objects of a document are not. */
static int is_pdf(const kft_head *head)
{
    return head->size >= 9 && memcmp(head->data, "%PDF-", 5) == 0 && head->data[6] == '.' &&
           (head->data[8] == '\r' || head->data[8] == '\n') && memmem(head->data, head->size, " obj", 4) != NULL;
}

int kind_foreign(const kft_head *head, int nul_tells, kft_kind *kind)
{
    int has_nul = nul_tells && head->size > 0 && memchr(head->data, 0, head->size) != NULL;

    if (is_pickle(head, has_nul)) {
        *kind = (kft_kind){ "a pickle", LOAD_PICKLE };
        return 1;
    }
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (!matches(&marks[i], head, has_nul))
            continue;
        *kind = marks[i].kind;
        if (strcmp(marks[i].kind.name, "a zip archive") == 0)
            kind_of_zip(head, kind);
        else if (i == 0 && head->size > 24 && head->data[24] & 4)   /* FORMAT.md 9.2 */
            *kind = (kft_kind){ "an index of names", "it is built already; keyfold dump prints what is in it" };
        return 1;
    }
    if (nul_tells && kind_serialised(head, kind))
        return 1;
    if (!is_pdf(head))
        return 0;
    *kind = (kft_kind){ "a PDF document", "take the text out of it (pdftotext), or find the data it was made of" };
    return 1;
}

void kind_of_zip(const kft_head *head, kft_kind *kind)
{
    /* Names of members, which lie there as they are. */
    static const struct { const char *member; kft_kind kind; } members[] = {
        { "xl/", { "an Excel workbook (.xlsx)", SPREADSHEET } },
        { "opendocument.spreadsheet", { "an OpenDocument spreadsheet (.ods)", SPREADSHEET } },
        { "word/", { "a Word document (.docx)", "save it as plain text" } },
        { "opendocument.text", { "an OpenDocument text (.odt)", "save it as plain text" } },
        { "ppt/", { "a PowerPoint file (.pptx)", NOT_TEXT } },
        { "application/epub+zip", { "an e-book (.epub)", NOT_TEXT } },
        { "AndroidManifest.xml", { "an Android package (.apk)", NOT_TEXT } },
        { "META-INF/MANIFEST.MF", { "a Java archive (.jar)", NOT_TEXT } },
        { "data.pkl", { "a PyTorch file", EXPORT " (in Python, torch.load)" } },
        { ".npy", { "NumPy arrays (.npz)",
                    "in Python, load them with numpy.load('%s') and hand pairs to keyfold.compile" } },
    };

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (memmem(head->data, head->size, members[i].member, strlen(members[i].member)) != NULL) {
            *kind = members[i].kind;
            return;
        }
}
