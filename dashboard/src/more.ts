export { Bill } from './bill.js';
export { saveCalls, saveLeads } from './csv.js';
export { tellOfHot } from './hot.js';
export { Help } from './help.js';
export { toggleNotify } from './notify-toggle.js';
export { SignedOut } from './signed-out.js';
export { Drawer } from './panels/drawer.js';
export { step } from './step.js';
