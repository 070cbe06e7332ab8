// How the program's allocator, jemalloc, is set up. See its manual, "TUNING" (jemalloc(3)).

extern "C" {

// Bodies, frames and answers of up to 15 MiB come and go with every request. With an oversize_threshold each of them
// is given back to the system at once, and the next one pays for fresh, zeroed pages again: half the time of a cold
// read. What lies unused goes back after some seconds instead, by a thread that sees to it on an idle server too.
extern const char* malloc_conf;
const char* malloc_conf = "oversize_threshold:0,background_thread:true,dirty_decay_ms:5000,muzzy_decay_ms:0";
}
