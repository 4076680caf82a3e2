//! Peers that come as crates: fst-map, fst-set (finite state transducers) and sparkey, sparkey-snappy (a
//! constant hash log in C). Commands, files and figures are those of bench/common.h.

mod common;
mod fst_peer;
mod sparkey_peer;

fn main() {
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
