//! Queries of the fst crate: Levenshtein and regular expressions over a map; sets of maps.
//!
//!   bench-rust fst-queries fuzzy K FILE NEEDLES          a line of NEEDLES is a query
//!   bench-rust fst-queries regex|subsequence FILE PATTERNS
//!   bench-rust fst-queries union|intersection ROUNDS FILE...
//!   bench-rust fst-queries merge OUTPUT FILE...
//!
//! Figures are those of bench/queries.h.

use crate::common::{self, cpu};
use crate::fst_peer::{create, map_file};
use fst::automaton::{Automaton, Levenshtein, Subsequence};
use fst::map::{OpBuilder, Union};
use fst::raw::IndexedValue;
use fst::{IntoStreamer, Map, MapBuilder, Streamer};
use memmap2::Mmap;
use regex_automata::dense;

/// Queries of a kind answered before those that are timed.
const WARM_UP: usize = 20;

fn open(path: &str) -> Map<Mmap> {
    Map::new(map_file(path)).unwrap_or_else(|e| common::die(path, &e.to_string()))
}

fn lines(path: &str) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| common::die(path, &e.to_string()));
    text.lines().map(str::to_owned).collect()
}

struct Answer {
    microseconds: f64,
    /// The part of it that made the automaton.
    compiling: f64,
    /// How many keys, and the sum of their values; None when the query cannot be answered.
    hits: Option<(u64, u64)>,
}

/// One query from its text to the last of its hits.
fn answer<'q, A: Automaton>(map: &Map<Mmap>, query: &'q str,
                            compile: &impl Fn(&'q str) -> Option<A>) -> Answer {
    let start = cpu();
    let automaton = compile(query);
    let compiled = cpu();
    let hits = automaton.map(|automaton| {
        let (mut hits, mut sum, mut bytes) = (0u64, 0u64, 0usize);
        let mut stream = map.search(&automaton).into_stream();
        while let Some((key, value)) = stream.next() {
            hits += 1;
            sum = sum.wrapping_add(value);
            bytes += key.len();
        }
        common::consume(bytes as u64);
        (hits, sum)
    });
    Answer { microseconds: (cpu() - start) * 1e6, compiling: (compiled - start) * 1e6, hits }
}

fn answer_all<'q, A: Automaton>(file: &str, queries: &'q [String], compile: impl Fn(&'q str) -> Option<A>) {
    let map = open(file);
    let mut all = map.stream();
    while all.next().is_some() {}
    for query in queries.iter().take(WARM_UP) {
        answer(&map, query, &compile);
    }
    let answers: Vec<Answer> = queries.iter().map(|q| answer(&map, q, &compile)).collect();
    let list = |text: &dyn Fn(&Answer) -> String| answers.iter().map(text).collect::<Vec<_>>().join(",");
    let optional = |x: Option<u64>| x.map_or("null".to_owned(), |x| x.to_string());
    println!("{{\"us\": [{}], \"compile_us\": [{}], \"hits\": [{}], \"sums\": [{}]}}",
             list(&|a| format!("{:.3}", a.microseconds)), list(&|a| format!("{:.3}", a.compiling)),
             list(&|a| optional(a.hits.map(|h| h.0))), list(&|a| optional(a.hits.map(|h| h.1))));
}

/// The longest match: otherwise `a|ab` would not go on to "ab".
fn compile_regex(pattern: &str) -> Option<dense::DenseDFA<Vec<usize>, usize>> {
    dense::Builder::new().anchored(true).longest_match(true).build(pattern).ok()
}

/// The value of the first map that has the key.
fn first(values: &[IndexedValue]) -> u64 {
    values.iter().min_by_key(|v| v.index).map_or(0, |v| v.value)
}

fn union(maps: &[Map<Mmap>]) -> Union<'_> {
    maps.iter().collect::<OpBuilder>().union()
}

fn walk(files: &[String], rounds: usize, intersection: bool) {
    let maps: Vec<_> = files.iter().map(|f| open(f)).collect();
    let (mut keys, mut bytes, mut sum) = (0u64, 0u64, 0u64);
    let seconds = (0..rounds).map(|_| {
        let start = cpu();
        (keys, bytes, sum) = (0, 0, 0);
        let mut add = |key: &[u8], values: &[IndexedValue]| {
            keys += 1;
            bytes += key.len() as u64;
            sum = sum.wrapping_add(first(values));
        };
        if intersection {
            let mut stream = maps.iter().collect::<OpBuilder>().intersection();
            while let Some((key, values)) = stream.next() {
                add(key, values);
            }
        } else {
            let mut stream = union(&maps);
            while let Some((key, values)) = stream.next() {
                add(key, values);
            }
        }
        cpu() - start
    });
    let seconds = common::median(seconds.collect());
    println!("{{\"keys\": {}, \"key_bytes\": {}, \"sum\": {}, \"cpu_s\": {:.6}}}", keys, bytes, sum, seconds);
}

fn merge(output: &str, files: &[String]) {
    let maps: Vec<_> = files.iter().map(|f| open(f)).collect();
    let start = cpu();
    let mut builder = MapBuilder::new(create(output)).unwrap();
    let mut stream = union(&maps);
    let mut keys = 0u64;
    while let Some((key, values)) = stream.next() {
        builder.insert(key, first(values)).unwrap();
        keys += 1;
    }
    builder.finish().unwrap();
    let seconds = cpu() - start;
    println!("{{\"keys\": {}, \"bytes\": {}, \"cpu_s\": {:.6}}}", keys, common::file_size(output), seconds);
}

pub fn run(arguments: &[String]) {
    let a: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match a[..] {
        ["fuzzy", k, file, needles] => {
            let k = k.parse().unwrap_or_else(|_| common::die("fuzzy", "no distance"));
            answer_all(file, &lines(needles), |needle| Levenshtein::new(needle, k).ok())
        }
        ["regex", file, patterns] => answer_all(file, &lines(patterns), compile_regex),
        ["subsequence", file, letters] => answer_all(file, &lines(letters), |x| Some(Subsequence::new(x))),
        ["union" | "intersection", rounds, _, ..] => {
            let rounds = rounds.parse().unwrap_or_else(|_| common::die("union", "no number of rounds"));
            walk(&arguments[2..], rounds, a[0] == "intersection")
        }
        ["merge", output, _, ..] => merge(output, &arguments[2..]),
        _ => common::die("usage", "see fst_queries.rs"),
    }
}
