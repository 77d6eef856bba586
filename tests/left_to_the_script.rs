//! Says which suites plain `cargo test` leaves out, because they need more than a Rust toolchain.

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    println!("left to ./tests/run, which installs what they need:");
    println!("  oracles  credentials checked by independent implementations from npm");
    println!("  clients  KurrentDB's official clients and their suites against the store server");
    println!("  browser  the public pages, sign-in and backpack in headless Chromium");
    println!("  deploy   chart, compose, image and units against their schemas and each other");
}
