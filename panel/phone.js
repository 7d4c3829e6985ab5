// Phone mode as an element of NiceGUI.
import Phone from "/static/desk/phone.js";

export default Phone;
