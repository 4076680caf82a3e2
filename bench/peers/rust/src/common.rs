//! The Rust side of bench/common.h: see there for the formats.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::time::Instant;

pub const NOTHING: u64 = u64::MAX;
pub const LISTED: usize = 10;
const PREFIXES: usize = 100_000;

#[derive(Clone, Copy, PartialEq)]
pub enum Values {
    None,
    U64,
    Bytes,
}

pub struct Command {
    pub variant: String,
    pub building: bool,
    pub input: String,
    pub output: String,
    pub values: Values,
    pub rounds: usize,
}

pub fn die(what: &str, detail: &str) -> ! {
    eprintln!("bench: {}: {}", what, detail);
    std::process::exit(1)
}

impl Command {
    pub fn parse() -> Command {
        let a: Vec<String> = std::env::args().collect();
        if a.len() < 5 {
            die("usage", "bench-rust VARIANT build|query INPUT OUTPUT [VALUES [ROUNDS]]");
        }
        Command {
            variant: a[1].clone(),
            building: a[2] == "build",
            input: a[3].clone(),
            output: a[4].clone(),
            values: match a.get(5).map(String::as_str) {
                Some("u64") => Values::U64,
                Some("bytes") => Values::Bytes,
                _ => Values::None,
            },
            rounds: a.get(6).and_then(|x| x.parse().ok()).unwrap_or(5),
        }
    }
}

/// Calls `each` with key, value and number (u64 value, or ordinal) of every line.
pub fn read_corpus(path: &str, values: Values, mut each: impl FnMut(&[u8], &[u8], u64)) {
    let file = File::open(path).unwrap_or_else(|e| die(path, &e.to_string()));
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let mut line = Vec::new();
    let mut ordinal = 0u64;
    while reader.read_until(b'\n', &mut line).unwrap_or_else(|e| die(path, &e.to_string())) > 0 {
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if values == Values::None {
            each(&line, &[], ordinal);
        } else {
            let tab = line.iter().position(|&c| c == b'\t').unwrap_or_else(|| die("no tab in", path));
            let (key, value) = (&line[..tab], &line[tab + 1..]);
            let number = if values == Values::U64 {
                value.iter().fold(0u64, |n, &c| n * 10 + u64::from(c - b'0'))
            } else {
                ordinal
            };
            each(key, value, number);
        }
        ordinal += 1;
        line.clear();
    }
}

pub struct Queries {
    block: Vec<u8>,
    hits: Vec<(usize, u32, u64)>,
    misses: Vec<(usize, u32, u64)>,
    pub corpus_keys: u64,
}

impl Queries {
    pub fn load(path: &str) -> Queries {
        let block = std::fs::read(path).unwrap_or_else(|e| die(path, &e.to_string()));
        let word = |at: usize| u64::from_le_bytes(block[at..at + 8].try_into().unwrap());
        let mut at = 32;
        let mut take = |count: u64| {
            (0..count)
                .map(|_| {
                    let size = u32::from_le_bytes(block[at + 8..at + 12].try_into().unwrap());
                    let query = (at + 12, size, word(at));
                    at += 12 + size as usize;
                    query
                })
                .collect::<Vec<_>>()
        };
        let hits = take(word(8));
        let misses = take(word(16));
        let corpus_keys = word(24);
        Queries { hits, misses, corpus_keys, block }
    }

    fn key(&self, query: &(usize, u32, u64)) -> &[u8] {
        &self.block[query.0..query.0 + query.1 as usize]
    }

    /// Median ns a query; wrong answers of an untimed first pass are added to `wrong`.
    fn time(&self, queries: &[(usize, u32, u64)], rounds: usize, exact: bool, wrong: &mut u64,
            lookup: &mut impl FnMut(&[u8]) -> u64) -> f64 {
        for q in queries {
            let answer = lookup(self.key(q));
            let bad = if exact { answer != q.2 } else { (answer == NOTHING) != (q.2 == NOTHING) };
            *wrong += u64::from(bad);
        }
        let samples = (0..rounds).map(|_| {
            let start = cpu();
            let mut sum = 0u64;
            for q in queries {
                sum = sum.wrapping_add(lookup(self.key(q)));
            }
            consume(sum);
            (cpu() - start) * 1e9 / queries.len().max(1) as f64
        });
        median(samples.collect())
    }

    pub fn json_lookups(&self, rounds: usize, exact: bool, mut lookup: impl FnMut(&[u8]) -> u64) {
        let mut wrong = 0;
        let hit = self.time(&self.hits, rounds, exact, &mut wrong, &mut lookup);
        let miss = self.time(&self.misses, rounds, exact, &mut wrong, &mut lookup);
        print!(", \"hit_ns\": {:.6}, \"miss_ns\": {:.6}, \"wrong\": {}", hit, miss, wrong);
    }

    pub fn json_values(&self, rounds: usize, mut check: impl FnMut(&[u8]) -> u64,
                       mut touch: impl FnMut(&[u8]) -> u64) {
        let (mut wrong, mut ignored) = (0, 0);
        for q in &self.hits {
            wrong += u64::from(check(self.key(q)) != q.2);
        }
        let hit = self.time(&self.hits, rounds, false, &mut ignored, &mut touch);
        let miss = self.time(&self.misses, rounds, false, &mut wrong, &mut touch);
        print!(", \"hit_ns\": {:.6}, \"miss_ns\": {:.6}, \"wrong\": {}", hit, miss, wrong);
    }

    pub fn json_prefixes(&self, rounds: usize, mut list: impl FnMut(&[u8]) -> u64) {
        let mut listed = 0;
        let mut samples = Vec::new();
        let hits = &self.hits[..self.hits.len().min(PREFIXES)];
        for round in 0..=rounds {
            let start = cpu();
            listed = hits.iter().map(|q| list(&self.key(q)[..(q.1 as usize + 1) / 2])).sum();
            if round > 0 {
                samples.push((cpu() - start) * 1e9 / hits.len().max(1) as f64);
            }
        }
        print!(", \"prefix_ns\": {:.6}, \"prefix_listed\": {}", median(samples), listed);
    }
}

/// Keeps the compiler from dropping the work that led to a number (std::hint::black_box needs Rust 1.66).
pub fn consume(number: u64) {
    // SAFETY: the pointer comes from a reference.
    unsafe { std::ptr::read_volatile(&number) };
}

fn clock(id: libc::clockid_t) -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: clock_gettime only writes the structure that it is given.
    unsafe { libc::clock_gettime(id, &mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

pub fn cpu() -> f64 {
    clock(libc::CLOCK_THREAD_CPUTIME_ID)
}

pub fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    let n = samples.len();
    if n % 2 == 1 { samples[n / 2] } else { (samples[n / 2 - 1] + samples[n / 2]) / 2.0 }
}

pub fn hash(data: &[u8]) -> u64 {
    data.iter().fold(0xcbf29ce484222325, |h, &c| (h ^ u64::from(c)).wrapping_mul(0x100000001b3))
}

pub fn file_size(path: &str) -> u64 {
    std::fs::metadata(path).map(|m| m.len()).unwrap_or(0)
}

pub fn json_begin(peer: &str) {
    print!("{{\"peer\": \"{}\"", peer);
}

pub struct BuildClock(f64, Instant);

impl BuildClock {
    pub fn start() -> BuildClock {
        BuildClock(clock(libc::CLOCK_PROCESS_CPUTIME_ID), Instant::now())
    }

    pub fn json(&self, keys: u64, bytes: u64) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("0 kB");
        print!(", \"keys\": {}, \"bytes\": {}, \"build_cpu_s\": {:.6}, \"build_wall_s\": {:.6}, \
                \"build_peak_rss_kib\": {}",
               keys, bytes, clock(libc::CLOCK_PROCESS_CPUTIME_ID) - self.0,
               self.1.elapsed().as_secs_f64(), peak.trim().trim_end_matches(" kB"));
    }
}

pub fn json_enumerate(expected: u64, mut walk: impl FnMut() -> u64) {
    let samples = (0..3).map(|_| {
        let start = cpu();
        let visited = walk();
        if visited != expected {
            die("enumeration", "visited another number of keys");
        }
        visited as f64 / (cpu() - start + 1e-9)
    });
    print!(", \"enumerate_keys_per_s\": {:.1}", median(samples.collect()));
}

pub fn json_open(mut open: impl FnMut()) {
    let samples = (0..15).map(|_| {
        let start = Instant::now();
        open();
        start.elapsed().as_secs_f64() * 1e6
    });
    print!(", \"open_us\": {:.3}", median(samples.collect()));
}
