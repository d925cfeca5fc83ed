import { useEffect, useRef } from 'preact/hooks';
import { isOn, isOpen, KEY } from './keyboard.js';
import { Icon } from './parts.js';

export const Help = () => {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = isOpen.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  const toggle = () => {
    isOn.value = !isOn.value;
    localStorage.setItem(KEY, isOn.value ? 'on' : 'off');
  };
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={() => (isOpen.value = false)}>
      <header>
        <h3 id="help-title">Keyboard</h3>
        <button type="button" class="icon" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </header>
      <dl class="details">
        <dt><kbd>/</kbd></dt>
        <dd>Search calls</dd>
        <dt><kbd>j</kbd> <kbd>k</kbd></dt>
        <dd>Next and previous row; arrows, too</dd>
        <dt><kbd>Enter</kbd></dt>
        <dd>Open the call</dd>
        <dt><kbd>Esc</kbd></dt>
        <dd>Close, and go back to the row</dd>
        <dt><kbd>?</kbd></dt>
        <dd>This help</dd>
      </dl>
      <label class="switch">
        <input type="checkbox" checked={isOn.value} onChange={toggle} /> Single keys do something
      </label>
    </dialog>
  );
};
