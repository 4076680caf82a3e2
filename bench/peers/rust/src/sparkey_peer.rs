use crate::common::{self, Command, Queries, Values};
use sparkey_sys as sys;
use std::ffi::CString;
use std::ptr::null_mut;

fn must(code: sys::returncode, what: &str) {
    if code as i32 != 0 {
        common::die("sparkey", what);
    }
}

fn names(command: &Command) -> (CString, CString) {
    (CString::new(format!("{}.spi", command.output)).unwrap(), CString::new(command.output.as_str()).unwrap())
}

fn build(command: &Command) {
    let clock = common::BuildClock::start();
    let (index, log) = names(command);
    let compression = if command.variant == "sparkey-snappy" {
        sys::compression_type::COMPRESSION_SNAPPY
    } else {
        sys::compression_type::COMPRESSION_NONE
    };
    let mut writer = null_mut();
    let mut keys = 0;
    // SAFETY: the calls follow the order that the library documents, with buffers of the sizes given.
    unsafe {
        must(sys::logwriter_create(&mut writer, log.as_ptr(), compression, 4096), "create");
        common::read_corpus(&command.input, command.values, |key, value, number| {
            let number = number.to_le_bytes();
            let value = if command.values == Values::Bytes { value } else { &number };
            must(sys::logwriter_put(writer, key.len() as u64, key.as_ptr(), value.len() as u64,
                                    value.as_ptr()), "put");
            keys += 1;
        });
        must(sys::logwriter_close(&mut writer), "close");
        must(sys::hash_write(index.as_ptr(), log.as_ptr(), 0), "hash");
    }
    let bytes = common::file_size(&command.output) + common::file_size(&format!("{}.spi", command.output));
    clock.json(keys, bytes);
}

struct Reader {
    hash: *mut sys::hashreader,
    log: *mut sys::logreader,
    iterator: *mut sys::logiter,
    value: Vec<u8>,
}

impl Reader {
    fn open(command: &Command) -> Reader {
        let (index, log_name) = names(command);
        let (mut hash, mut iterator) = (null_mut(), null_mut());
        // SAFETY: both files were written by `build`.
        unsafe {
            must(sys::hash_open(&mut hash, index.as_ptr(), log_name.as_ptr()), "open");
            let log = sys::hash_getreader(hash);
            must(sys::logiter_create(&mut iterator, log), "iterator");
            let longest = sys::logreader_maxvaluelen(log) as usize;
            Reader { hash, log, iterator, value: vec![0; longest + 1] }
        }
    }

    fn get(&mut self, key: &[u8]) -> Option<&[u8]> {
        let mut size = 0;
        // SAFETY: `value` holds the longest value of the log.
        unsafe {
            must(sys::hash_get(self.hash, key.as_ptr(), key.len() as u64, self.iterator), "get");
            if sys::logiter_state(self.iterator) as i32 != sys::iter_state::ITER_ACTIVE as i32 {
                return None;
            }
            let wanted = sys::logiter_valuelen(self.iterator);
            must(sys::logiter_fill_value(self.iterator, self.log, wanted, self.value.as_mut_ptr(), &mut size),
                 "value");
        }
        Some(&self.value[..size as usize])
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // SAFETY: both were opened by `open` and are closed once.
        unsafe {
            sys::logiter_close(&mut self.iterator);
            sys::hash_close(&mut self.hash);
        }
    }
}

pub fn run(command: &Command) {
    if command.building {
        return build(command);
    }
    let queries = Queries::load(&command.input);
    common::json_open(|| drop(Reader::open(command)));
    let mut reader = Reader::open(command);
    if command.values == Values::Bytes {
        let mut other = Reader::open(command);
        queries.json_values(command.rounds, |key| reader.get(key).map_or(common::NOTHING, common::hash),
                            |key| other.get(key).map_or(common::NOTHING, |v| {
                                v.len() as u64 + u64::from(v.first().copied().unwrap_or(0))
                            }));
    } else {
        queries.json_lookups(command.rounds, true, |key| {
            reader.get(key).map_or(common::NOTHING, |v| u64::from_le_bytes(v.try_into().unwrap()))
        });
    }
}
