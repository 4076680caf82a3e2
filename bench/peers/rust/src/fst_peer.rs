use crate::common::{self, Command, Queries, Values};
use fst::{IntoStreamer, Map, MapBuilder, Set, SetBuilder, Streamer};
use memmap2::Mmap;
use std::fs::File;
use std::io::BufWriter;

pub fn map_file(path: &str) -> Mmap {
    let file = File::open(path).unwrap_or_else(|e| common::die(path, &e.to_string()));
    // SAFETY: nobody changes the file while the benchmark runs.
    unsafe { Mmap::map(&file) }.unwrap_or_else(|e| common::die(path, &e.to_string()))
}

pub fn create(path: &str) -> BufWriter<File> {
    BufWriter::new(File::create(path).unwrap_or_else(|e| common::die(path, &e.to_string())))
}

/// The smallest string above all strings that begin with `prefix`.
fn after(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&c| c != 255)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

pub fn run_map(command: &Command) {
    if command.building {
        let clock = common::BuildClock::start();
        let mut builder = MapBuilder::new(create(&command.output)).unwrap();
        let mut keys = 0;
        common::read_corpus(&command.input, command.values, |key, _, number| {
            builder.insert(key, number).unwrap();
            keys += 1;
        });
        builder.finish().unwrap();
        clock.json(keys, common::file_size(&command.output));
        return;
    }
    if command.values == Values::Bytes {
        common::die("fst-map", "holds no strings");
    }
    let queries = Queries::load(&command.input);
    common::json_open(|| drop(Map::new(map_file(&command.output)).unwrap()));
    let map = Map::new(map_file(&command.output)).unwrap();
    queries.json_lookups(command.rounds, true, |key| map.get(key).unwrap_or(common::NOTHING));
    queries.json_prefixes(command.rounds, |prefix| {
        let mut range = map.range().ge(prefix);
        if let Some(end) = after(prefix) {
            range = range.lt(end);
        }
        let mut stream = range.into_stream();
        let mut n = 0;
        while n < common::LISTED && stream.next().is_some() {
            n += 1;
        }
        n as u64
    });
    common::json_enumerate(queries.corpus_keys, || {
        let mut stream = map.stream();
        let (mut n, mut bytes) = (0, 0);
        while let Some((key, _)) = stream.next() {
            n += 1;
            bytes += key.len();
        }
        common::consume(bytes as u64);
        n
    });
}

pub fn run_set(command: &Command) {
    if command.building {
        let clock = common::BuildClock::start();
        let mut builder = SetBuilder::new(create(&command.output)).unwrap();
        let mut keys = 0;
        common::read_corpus(&command.input, command.values, |key, _, _| {
            builder.insert(key).unwrap();
            keys += 1;
        });
        builder.finish().unwrap();
        clock.json(keys, common::file_size(&command.output));
        return;
    }
    let queries = Queries::load(&command.input);
    let set = Set::new(map_file(&command.output)).unwrap();
    queries.json_lookups(command.rounds, false,
                         |key| if set.contains(key) { 1 } else { common::NOTHING });
}
