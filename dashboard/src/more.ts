export { Bill } from './bill.js';
export { saveCalls, saveLeads } from './csv.js';
export { Help } from './help.js';
export { Drawer } from './panels/drawer.js';
