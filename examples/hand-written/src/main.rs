//! The notice board, served.

#[rocket::launch]
fn rocket() -> _ {
    hand_written::notice_board(rocket::Config::figment())
}
