// Replaces the part of Daily's SDK that a browser loads from Daily. It answers the SDK's messages like the real one, as far
// as a call with one agent needs, and lets a test act in the room through `window.room`.
(() => {
  const id = window._daily.pendings.pop();
  const me = { session_id: 'me', user_id: 'me', user_name: '', local: true, owner: false, tracks: {} };
  const participants = { local: me };
  const store = { getState: () => ({ participants: {}, ...{} }), dispatch() {}, subscribe: () => () => {} };
  window._daily.instances[id].callMachine = { reset() {}, store };
  const tell = (message) => window.postMessage({ what: 'iframe-call-message', from: 'embedded', callClientId: id, ...message }, '*');
  const said = (data) => tell({ action: 'app-message', fromId: 'agent', data: typeof data === 'string' ? data : JSON.stringify(data) });
  window.room = { tell, said, heard: [] };
  addEventListener('message', ({ data }) => {
    if (data?.what !== 'iframe-call-message' || data.from !== 'module' || data.callClientId !== id) return;
    window.room.heard.push(data.action);
    if (data.action === 'join-meeting') {
      if (window.refuse) return tell({ action: 'error', errorMsg: window.refuse, error: { type: 'exp-room', msg: window.refuse } });
      tell({ action: 'joined-meeting', participants });
      said('listening');
    } else if (data.action === 'leave-meeting') tell({ action: 'left-meeting' });
    if (data.callbackStamp) tell({ callbackStamp: data.callbackStamp, success: true });
  });
  tell({ action: 'call-machine-initialized' });
  tell({ action: 'loaded' });
})();
