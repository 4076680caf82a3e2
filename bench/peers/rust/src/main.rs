//! Peers that come as crates: fst-map, fst-set (finite state transducers) and sparkey, sparkey-snappy (a
//! constant hash log in C). Commands, files and figures are those of bench/common.h. "fst-queries" and
//! "aho-corasick" are for bench/queries: see there.

mod aho_corasick_peer;
mod common;
mod fst_peer;
mod fst_queries;
mod sparkey_peer;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("fst-queries") => return fst_queries::run(&arguments[1..]),
        Some("aho-corasick") => return aho_corasick_peer::run(&arguments[1..]),
        _ => {}
    }
    let command = common::Command::parse();
    common::json_begin(&command.variant);
    match command.variant.as_str() {
        "fst-map" => fst_peer::run_map(&command),
        "fst-set" => fst_peer::run_set(&command),
        "sparkey" | "sparkey-snappy" => sparkey_peer::run(&command),
        other => common::die("no such variant", other),
    }
    println!("}}");
}
