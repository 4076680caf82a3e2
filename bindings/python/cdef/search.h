/* Callbacks of searches; `context` is a handle to the Python object that decides (ffi.new_handle). */
extern "Python" int kfpy_filter(void *context, kf_iter *iter, const kf_entry *entry);
extern "Python" int kfpy_boundary(void *context, kf_bytes text, size_t position);
