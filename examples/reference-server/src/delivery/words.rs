//! The text of mails: the kind of event and a link. The recipient must log in to see the details.

/// A mail in English and Arabic.
pub(super) struct Letter {
    pub(super) subject: String,
    pub(super) text: String,
}

/// The mail about an event of a record.
pub(super) fn letter(topic: &str, about: &str, public_url: Option<&str>) -> Letter {
    let (english, arabic) = sentences(topic);
    let place = public_url.map(|url| match topic.starts_with("incident.") {
        true => format!("{}/incidents/{about}", url.trim_end_matches('/')),
        false => url.trim_end_matches('/').to_owned(),
    });
    written(english, arabic, place)
}

/// The mail about several new reports.
pub(super) fn of_reports(how_many: usize, public_url: Option<&str>) -> Letter {
    let place = public_url.map(|url| format!("{}/incidents", url.trim_end_matches('/')));
    let english = format!("{how_many} new reports wait for you");
    // With the number after the noun, the Arabic text is correct for any number.
    written(&english, &format!("بلاغات جديدة في انتظارك: {how_many}"), place)
}

fn written(english: &str, arabic: &str, place: Option<String>) -> Letter {
    let link = place.map(|place| format!("{place}\n\n")).unwrap_or_default();
    let text = format!(
        "{english}\n{link}Details are not sent by mail. Log in to see them.\n\n\
         {arabic}\n{link}لا تُرسل التفاصيل بالبريد. سجّل الدخول للاطلاع عليها.\n"
    );
    Letter { subject: format!("{english} · {arabic}"), text }
}

fn sentences(topic: &str) -> (&'static str, &'static str) {
    match topic {
        "incident.report" => ("A new report waits for you", "بلاغ جديد في انتظارك"),
        "incident.ask" => ("There is a question about your report", "هناك سؤال حول بلاغك"),
        "incident.answer" => ("A question about a report was answered", "تمت الإجابة عن سؤال حول بلاغ"),
        "incident.complete" | "incident.complete_early" => ("Your report was closed", "تم إغلاق بلاغك"),
        "user.reset_password" | "user.change_password" => {
            ("Your password was changed", "تم تغيير كلمة مرورك")
        }
        "user.confirm_factor" | "user.remove_factor" | "user.use_recovery" => (
            "Your second factor was changed or replaced",
            "تم تغيير وسيلة التحقق الثانية الخاصة بك أو استبدالها",
        ),
        "user.lock" => (
            "There were too many failed attempts to log in to your account. Its login is locked for a while",
            "حاول شخص الدخول إلى حسابك مرات كثيرة، ومُنع مؤقتًا",
        ),
        "user.fail_factor" => (
            "A login with your correct password and a wrong code has failed. Was it you?",
            "أدخل شخص كلمة مرورك مع رمز خاطئ: هل كنت أنت؟",
        ),
        "user.unlock" => ("Your account can be entered again", "يمكن الدخول إلى حسابك مرة أخرى"),
        "user.end_logins" => ("Your logins were ended", "تم إنهاء جلسات الدخول إلى حسابك"),
        "user.enter_anew" => {
            ("Your account was entered with a browser that is new to it", "تم الدخول إلى حسابك من متصفح جديد")
        }
        "security_alert.raise" => {
            ("Something needs your attention: a security alert", "هناك ما يتطلب انتباهك: تنبيه أمني")
        }
        "key_change.begin" => ("Keys are being changed", "يجري تغيير مفاتيح التشفير"),
        "follow_up.add" => ("A follow-up action is yours", "أُسند إليك إجراء متابعة"),
        _ => ("Your report has moved on", "طرأ جديد على بلاغك"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_leads_to_the_report_and_says_nothing_of_it() {
        let letter = letter("incident.report", "0192", Some("https://reports.example.org/"));
        assert_eq!(letter.subject, "A new report waits for you · بلاغ جديد في انتظارك");
        assert_eq!(letter.text.matches("https://reports.example.org/incidents/0192\n").count(), 2);
    }

    #[test]
    fn a_mail_about_many_says_how_many_and_where() {
        let letter = of_reports(12, Some("https://reports.example.org/"));
        assert_eq!(letter.subject, "12 new reports wait for you · بلاغات جديدة في انتظارك: 12");
        assert_eq!(letter.text.matches("https://reports.example.org/incidents\n").count(), 2);
    }

    #[test]
    fn every_rule_has_words_and_none_needs_an_address() {
        let rules = [
            eovr_core::incident::notice_rules(),
            eovr_core::notice::account_rules(),
            eovr_core::notice::alert_rules(),
        ];
        for rule in rules.into_iter().flatten() {
            let Some(action) = rule.action else { continue };
            let letter = letter(&format!("{}.{action}", rule.kind), "0192", None);
            assert!(!letter.text.contains("http") && letter.subject.len() < 200);
        }
    }
}
