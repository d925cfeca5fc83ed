//! The operations of the API.

use axum::http::Method;

/// An endpoint of Vapi that the stand-in has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `POST /assistant`
    CreateAssistant,
    /// `GET /assistant`
    ListAssistants,
    /// `GET /assistant/{id}`
    GetAssistant,
    /// `PATCH /assistant/{id}`
    UpdateAssistant,
    /// `DELETE /assistant/{id}`
    DeleteAssistant,
    /// `GET /phone-number`
    ListPhoneNumbers,
    /// `GET /phone-number/{id}`
    GetPhoneNumber,
    /// `PATCH /phone-number/{id}`
    UpdatePhoneNumber,
    /// `POST /call/web`
    CreateWebCall,
    /// `GET /call`
    ListCalls,
    /// `GET /call/{id}`
    GetCall,
}

impl Operation {
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let segments: Vec<_> = path.trim_matches('/').split('/').collect();
        Some(match (method.as_str(), &segments[..]) {
            ("POST", ["assistant"]) => Self::CreateAssistant,
            ("GET", ["assistant"]) => Self::ListAssistants,
            ("GET", ["assistant", _]) => Self::GetAssistant,
            ("PATCH", ["assistant", _]) => Self::UpdateAssistant,
            ("DELETE", ["assistant", _]) => Self::DeleteAssistant,
            ("GET", ["phone-number"]) => Self::ListPhoneNumbers,
            ("GET", ["phone-number", _]) => Self::GetPhoneNumber,
            ("PATCH", ["phone-number", _]) => Self::UpdatePhoneNumber,
            ("POST", ["call", "web"]) => Self::CreateWebCall,
            ("GET", ["call"]) => Self::ListCalls,
            ("GET", ["call", _]) => Self::GetCall,
            _ => return None,
        })
    }
}
