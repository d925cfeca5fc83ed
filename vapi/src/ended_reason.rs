//! The meaning of a call's `endedReason`.

/// The `calls.status` for an ended call: completed, no-answer, voicemail, transferred, failed or cancelled.
///
/// Vapi has some 600 reasons and adds more, most of them errors of providers. So a few are matched exactly, and errors
/// by the words that they are made of. An unknown reason is a completed call.
pub fn call_status(reason: &str) -> &'static str {
    match reason {
        "customer-busy"
        | "customer-did-not-answer"
        | "customer-did-not-give-microphone-permission"
        | "call.ringing.sip-inbound-caller-hungup-before-call-connect" => "no-answer",
        "voicemail" => "voicemail",
        "manually-canceled" | "call-deleted" | "scheduled-call-deleted" => "cancelled",
        _ if is_transfer(reason) => "transferred",
        _ if is_failure(reason) => "failed",
        _ => "completed",
    }
}

fn is_transfer(reason: &str) -> bool {
    reason.starts_with("assistant-forwarded-call")
        || reason.ends_with(".hook-executed-transfer")
        // The server answered an assistant-request with a number to forward the caller to.
        || reason == "assistant-request-returned-forwarding-phone-number"
}

fn is_failure(reason: &str) -> bool {
    const PREFIXES: [&str; 7] = [
        "assistant-join-timed-out",
        "assistant-not-",
        "assistant-request-",
        "call.start.",
        "phone-call-provider-",
        "pipeline-",
        "worker-shutdown",
    ];
    const CARRIER_REFUSALS: [&str; 3] =
        ["sip-outbound-unallocated-number", "twilio-reported-customer-misdialed", "vonage-rejected"];
    reason.contains("error")
        || reason.ends_with("-failed-to-connect-call")
        || PREFIXES.iter().any(|prefix| reason.starts_with(prefix))
        || CARRIER_REFUSALS.contains(&reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ended_reason_maps_to_a_status() {
        let kinds: [(&str, &[&str]); 6] = [
            (
                "completed",
                &[
                    "assistant-ended-call",
                    "assistant-ended-call-after-message-spoken",
                    "assistant-said-end-call-phrase",
                    "customer-ended-call",
                    "customer-ended-call-during-transfer",
                    "exceeded-max-duration",
                    "silence-timed-out",
                    "vonage-completed",
                    "call.in-progress.twilio-completed-call",
                    "a-reason-of-next-year",
                    "",
                ],
            ),
            (
                "no-answer",
                &[
                    "customer-busy",
                    "customer-did-not-answer",
                    "customer-did-not-give-microphone-permission",
                    "call.ringing.sip-inbound-caller-hungup-before-call-connect",
                ],
            ),
            ("voicemail", &["voicemail"]),
            (
                "transferred",
                &[
                    "assistant-forwarded-call",
                    "assistant-forwarded-call-to-human",
                    "assistant-request-returned-forwarding-phone-number",
                    "call.ringing.hook-executed-transfer",
                ],
            ),
            (
                "failed",
                &[
                    "assistant-join-timed-out",
                    "assistant-not-found",
                    "assistant-request-returned-invalid-assistant",
                    "call-start-error-neither-assistant-nor-server-set",
                    "call.start.error-subscription-frozen",
                    "call.in-progress.error-vapifault-worker-died",
                    "phone-call-provider-closed-websocket",
                    "pipeline-error-openai-llm-failed",
                    "pipeline-no-available-llm-model",
                    "sip-outbound-unallocated-number",
                    "twilio-failed-to-connect-call",
                    "unknown-error",
                    "worker-shutdown",
                ],
            ),
            ("cancelled", &["manually-canceled", "call-deleted", "scheduled-call-deleted"]),
        ];
        for (status, reasons) in kinds {
            for reason in reasons {
                assert_eq!(call_status(reason), status, "{reason}");
            }
        }
    }
}
