//! One case so many times, for `instructions.py`: `hot record_304 100`; without arguments, the names of the cases.

mod cases;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(times)) = (arguments.next(), arguments.next()) else {
        cases::CASES.iter().for_each(|case| println!("{}", case.name));
        return;
    };
    let Some(case) = cases::CASES.iter().find(|case| case.name == name) else {
        eprintln!("there is no case {name:?}");
        std::process::exit(2);
    };
    let bench = cases::Bench::new(case);
    for _ in 0..times.parse().unwrap_or(1_u32) {
        bench.ask();
    }
}
