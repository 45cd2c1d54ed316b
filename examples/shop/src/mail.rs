//! Mails to customers. Here they are lines of the log; a real shop hands them to a mail server.

use rocket::fairing::AdHoc;
use rocket::tokio::spawn;
use rocket::tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use uuid::Uuid;

use crate::money::Money;

/// Takes mails, and sends them by and by.
#[derive(Clone)]
pub(crate) struct Mailbox(UnboundedSender<String>);

impl Mailbox {
    /// Tells a customer that an order was placed. To be called once that is sure, after the commit.
    pub(crate) fn order_placed(&self, customer: i64, order: Uuid, total: Money) {
        // Nobody takes mails any more: the server ends.
        let _ = self.0.send(format!("mail to customer {customer}: order {order} is placed, {total}"));
    }
}

/// The mailbox, and a task that sends what comes.
pub(crate) fn fairing() -> AdHoc {
    AdHoc::on_ignite("Mail", |rocket| {
        Box::pin(async move {
            let (sender, mut mails) = unbounded_channel();
            spawn(async move {
                while let Some(mail) = mails.recv().await {
                    let mail: String = mail;
                    log::info!("{mail}");
                }
            });
            rocket.manage(Mailbox(sender))
        })
    })
}
