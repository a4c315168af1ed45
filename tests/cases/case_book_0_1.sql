BEGIN TRANSACTION;
CREATE TABLE accounts (
	name TEXT NOT NULL, 
	role TEXT NOT NULL, 
	password_hash TEXT NOT NULL, 
	open BOOLEAN NOT NULL, subject TEXT, 
	PRIMARY KEY (name)
);
INSERT INTO "accounts" VALUES('ana','analyst','$argon2id$v=19$m=65536,t=3,p=4$tmKnPKc596OiSjqbjr8WZw$W+wkpJm0+lCIQF1dnGse3Y5B2baJyGqEAYkS7fnnDyA',1,NULL);
INSERT INTO "accounts" VALUES('ben','analyst','$argon2id$v=19$m=65536,t=3,p=4$FRiQdPTP3xfTARrvzTxWWw$hBQMtgb/aCaqhwXT2PkatCtUcpV3UHovUQ5zU9VMgfA',1,NULL);
INSERT INTO "accounts" VALUES('lea','lead','$argon2id$v=19$m=65536,t=3,p=4$vBi1l6JE6C5rnCQtQ7C8wA$NzGCaz/ifIJYvrVTnqFTxax0qrRjZNJ9Ka8HyurDko8',1,NULL);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE attempts (
	number INTEGER NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	name_hash VARCHAR(64) NOT NULL, 
	address TEXT NOT NULL, 
	PRIMARY KEY (number)
);
CREATE TABLE case_members (
	case_id TEXT NOT NULL, 
	customer_id TEXT NOT NULL, 
	PRIMARY KEY (case_id, customer_id), 
	FOREIGN KEY(case_id) REFERENCES cases (case_id)
);
INSERT INTO "case_members" VALUES('K9','C12');
INSERT INTO "case_members" VALUES('K9','C13');
INSERT INTO "case_members" VALUES('K2','C04');
INSERT INTO "case_members" VALUES('K2','C05');
INSERT INTO "case_members" VALUES('K2','C06');
INSERT INTO "case_members" VALUES('K2','C07');
INSERT INTO "case_members" VALUES('K3','C08');
INSERT INTO "case_members" VALUES('K3','C09');
INSERT INTO "case_members" VALUES('K3','C10');
INSERT INTO "case_members" VALUES('K3','C11');
INSERT INTO "case_members" VALUES('K3','C29');
INSERT INTO "case_members" VALUES('K4','C14');
INSERT INTO "case_members" VALUES('K4','C15');
INSERT INTO "case_members" VALUES('K5','C16');
INSERT INTO "case_members" VALUES('K5','C17');
INSERT INTO "case_members" VALUES('K5','C18');
INSERT INTO "case_members" VALUES('K5','C19');
INSERT INTO "case_members" VALUES('K7','C24');
INSERT INTO "case_members" VALUES('K7','C25');
INSERT INTO "case_members" VALUES('K7','C26');
INSERT INTO "case_members" VALUES('K7','C27');
INSERT INTO "case_members" VALUES('K7','C28');
INSERT INTO "case_members" VALUES('K7','C29');
INSERT INTO "case_members" VALUES('K6','C20');
INSERT INTO "case_members" VALUES('K6','C21');
INSERT INTO "case_members" VALUES('K6','C22');
INSERT INTO "case_members" VALUES('K6','C23');
INSERT INTO "case_members" VALUES('K1','C00');
INSERT INTO "case_members" VALUES('K1','C01');
INSERT INTO "case_members" VALUES('K1','C02');
INSERT INTO "case_members" VALUES('K1','erased:d099556baf35');
CREATE TABLE cases (
	case_id TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	status TEXT NOT NULL, 
	resting TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	until VARCHAR(32), 
	ring_id TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	exposure FLOAT NOT NULL, 
	evidence FLOAT NOT NULL, 
	value FLOAT NOT NULL, 
	news INTEGER NOT NULL, 
	verdict TEXT, 
	split_from TEXT NOT NULL, 
	current BOOLEAN NOT NULL, 
	opened_at VARCHAR(32) NOT NULL, 
	changed_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (case_id)
);
INSERT INTO "cases" VALUES('K1',6,'decided','decided','flagged','',NULL,'R0',4,6.0,0.99,5.93999999999999950262e+00,0,'same_hand','',1,'2026-11-27T18:19:07.435013+00:00','2026-11-27T18:19:07.604417+00:00');
INSERT INTO "cases" VALUES('K2',6,'seconding','seconding','flagged','',NULL,'R1',4,22.0,0.985,2.16699999999999981525e+01,0,'same_hand','',1,'2026-11-27T18:19:07.438317+00:00','2026-11-27T18:19:07.605540+00:00');
INSERT INTO "cases" VALUES('K3',4,'open','open','flagged','',NULL,'R2',5,67.0,0.99,66.33,1,'different','',1,'2026-11-27T18:19:07.439785+00:00','2026-11-27T18:19:07.606490+00:00');
INSERT INTO "cases" VALUES('K4',5,'escalated','escalated','flagged','',NULL,'R3',2,29.0,0.975,28.275,0,NULL,'',1,'2026-11-27T18:19:07.441051+00:00','2026-11-27T18:19:07.607308+00:00');
INSERT INTO "cases" VALUES('K5',6,'snoozed','seconding','flagged','','2099-01-01T00:00:00.000000+00:00','R4',4,70.0,0.97,6.78999999999999914734e+01,0,'same_hand','',1,'2026-11-27T18:19:07.442246+00:00','2026-11-27T18:19:07.608090+00:00');
INSERT INTO "cases" VALUES('K6',5,'claimed','seconding','flagged','ben',NULL,'R5',4,86.0,0.965,82.99,0,'same_hand','',0,'2026-11-27T18:19:07.443342+00:00','2026-11-27T18:19:07.609633+00:00');
INSERT INTO "cases" VALUES('K7',6,'claimed','open','held','ana',NULL,'R6',6,159.0,0.99,157.41,0,NULL,'',1,'2026-11-27T18:19:07.444395+00:00','2026-11-27T18:19:07.608862+00:00');
INSERT INTO "cases" VALUES('K8',3,'merged','open','sample','',NULL,'B0',0,0.0,9.99999999999999777955e-02,0.0,0,NULL,'',0,'2026-11-27T18:19:07.445465+00:00','2026-11-27T18:19:07.615215+00:00');
INSERT INTO "cases" VALUES('K9',2,'decided','decided','flagged','',NULL,'R3',2,25.0,0.975,24.375,0,'unsure','K4',1,'2026-11-27T18:19:07.484085+00:00','2026-11-27T18:19:07.487404+00:00');
CREATE TABLE contents (
	number INTEGER NOT NULL, 
	salt VARCHAR(32) NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (number), 
	FOREIGN KEY(number) REFERENCES entries (number)
);
INSERT INTO "contents" VALUES(1,'71e9c641cacaf0bdec1788ac7e263226','{"account":"ana","role":"analyst"}');
INSERT INTO "contents" VALUES(2,'b6db48567dfb275aaba52a40a21d45b0','{"account":"ben","role":"analyst"}');
INSERT INTO "contents" VALUES(3,'3f522e630ffb02120948b2720e1af0d0','{"account":"lea","role":"lead"}');
INSERT INTO "contents" VALUES(4,'650f5677084a0c7d2774ed80ae812f65','{"bank":"/srv/ringsight/bank","members":{"C00":0.0,"C01":1.0,"C02":2.0,"erased:d099556baf35":3.0},"origin":"flagged","ring":{"bits_apart":0.0,"explanation":"","flagged":true,"held":"","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.01,"q_value":0.01,"ring_id":"R0","score":20.0,"score_beyond":18.0,"size":4},"run":"/srv/ringsight/run1"}');
INSERT INTO "contents" VALUES(5,'c1af2aca14e02a67bdb67cead8015d1f','{"bank":"/srv/ringsight/bank","members":{"C04":4.0,"C05":5.0,"C06":6.0,"C07":7.0},"origin":"flagged","ring":{"bits_apart":0.0,"explanation":"","flagged":true,"held":"","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.015,"q_value":0.015,"ring_id":"R1","score":20.0,"score_beyond":18.0,"size":4},"run":"/srv/ringsight/run1"}');
INSERT INTO "contents" VALUES(6,'f43fc64730e47ad97809b71de82d61e5','{"bank":"/srv/ringsight/bank","members":{"C08":8.0,"C09":9.0,"C10":10.0,"C11":11.0},"origin":"flagged","ring":{"bits_apart":0.0,"explanation":"","flagged":true,"held":"","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.02,"q_value":0.02,"ring_id":"R2","score":20.0,"score_beyond":18.0,"size":4},"run":"/srv/ringsight/run1"}');
INSERT INTO "contents" VALUES(7,'bb67e8647b0ddc4ff203d04a9c485aca','{"bank":"/srv/ringsight/bank","members":{"C12":12.0,"C13":13.0,"C14":14.0,"C15":15.0},"origin":"flagged","ring":{"bits_apart":0.0,"explanation":"","flagged":true,"held":"","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.025,"q_value":0.025,"ring_id":"R3","score":20.0,"score_beyond":18.0,"size":4},"run":"/srv/ringsight/run1"}');
INSERT INTO "contents" VALUES(8,'32f1efbe72d4ba6dfc6d27f48358873d','{"bank":"/srv/ringsight/bank","members":{"C16":16.0,"C17":17.0,"C18":18.0,"C19":19.0},"origin":"flagged","ring":{"bits_apart":0.0,"explanation":"","flagged":true,"held":"","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.03,"q_value":0.03,"ring_id":"R4","score":20.0,"score_beyond":18.0,"size":4},"run":"/srv/ringsight/run1"}');
INSERT INTO "contents" VALUES(9,'85ad36de0398515f1e443d0df87ded11','{"bank":"/srv/ringsight/bank","members":{"C20":20.0,"C21":21.0,"C22":22.0,"C23":23.0},"origin":"flagged","ring":{"bits_apart":0.0,"explanation":"","flagged":true,"held":"","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.035,"q_value":0.035,"ring_id":"R5","score":20.0,"score_beyond":18.0,"size":4},"run":"/srv/ringsight/run1"}');
INSERT INTO "contents" VALUES(10,'1fc469c79757327d8f7ccf4f12bd0558','{"bank":"/srv/ringsight/bank","members":{"C24":24.0,"C25":25.0,"C26":26.0},"origin":"held","ring":{"bits_apart":0.0,"explanation":"","flagged":false,"held":"nationality","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.01,"q_value":0.01,"ring_id":"R6","score":20.0,"score_beyond":18.0,"size":3},"run":"/srv/ringsight/run1"}');
INSERT INTO "contents" VALUES(11,'aefe66a02dff142f4aa9b6d41fe6b323','{"bank":"/srv/ringsight/bank","members":{"C27":27.0,"C28":28.0,"C29":29.0},"origin":"sample","ring":{"bits_apart":0.0,"explanation":"","flagged":false,"held":"","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.9,"q_value":0.9,"ring_id":"B0","score":20.0,"score_beyond":18.0,"size":3},"run":"/srv/ringsight/run1"}');
INSERT INTO "contents" VALUES(12,'45954d47cef1dcc577db98c24c47d72a','{"below":1,"digest":"12a815d6ac6ad860c0074123feff65ff377bdd7e0a95c7afceed06ee26c984da","drawn":["B0"],"expected_false_flags":0.2,"fdr":0.05,"flags":6,"run":"/srv/ringsight/run1"}');
INSERT INTO "contents" VALUES(13,'7c8472ed6c5b1aa47519d6a2247f4096','{"cases":12}');
INSERT INTO "contents" VALUES(14,'ebb99d6a37edf0fdce9f148451741c98','{}');
INSERT INTO "contents" VALUES(15,'2fd3829004e625c82a69c111c594dffb','{"judgement":"same_hand","note":"","reasons":["same_document","same_rhythm"],"scope":"ring","status":"seconding","subjects":[]}');
INSERT INTO "contents" VALUES(16,'1ca6a81bc09c0b3b8f90909f4b30d96c','{}');
INSERT INTO "contents" VALUES(17,'a529ec4a2e4b2ac6962b87059f346ca8','{"judgement":"same_hand","note":"","reasons":["same_document","same_rhythm"],"scope":"ring","status":"decided","subjects":[]}');
INSERT INTO "contents" VALUES(18,'3d6eafa5b2efc4618156264991d34d46','{"customer":"C05","subject":"IC05"}');
INSERT INTO "contents" VALUES(19,'6e187f39187a217d2b80d75a8907124c','{"customer":"","subject":"K2"}');
INSERT INTO "contents" VALUES(20,'07ed0b757e2dc55fb79bb82c5104a853','{}');
INSERT INTO "contents" VALUES(21,'5a661484db61aca522845c8fe4b79e82','{"judgement":"different","note":"not one of them","reasons":["other"],"scope":"member","status":"decided","subjects":["C04"]}');
INSERT INTO "contents" VALUES(22,'40deafe53ee405b2a3029f618e641a7b','{"judgement":"same_hand","note":"","reasons":[],"scope":"link","status":"seconding","subjects":["C05","C06"]}');
INSERT INTO "contents" VALUES(23,'347c15841418e4e437ff6d3a6cd31b0d','{"judgement":"same_hand","note":"one studio","reasons":["same_document","same_rhythm"],"scope":"ring","status":"seconding","subjects":[]}');
INSERT INTO "contents" VALUES(24,'644713bb61904d0bcd1bfc024bd78aac','{}');
INSERT INTO "contents" VALUES(25,'5d32807b02f507482e08433b7e2a4352','{"judgement":"different","note":"a family","reasons":["household"],"scope":"ring","status":"decided","subjects":[]}');
INSERT INTO "contents" VALUES(26,'f79be3079c8a5e919f971416dd4da285','{}');
INSERT INTO "contents" VALUES(27,'8a901a257d2f764d2e910facdb3b5783','{"bank":"/srv/ringsight/bank","holder":"ana","members":{"C12":12.0,"C13":13.0},"origin":"flagged","ring":{"bits_apart":0.0,"explanation":"","flagged":true,"held":"","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.025,"q_value":0.025,"ring_id":"R3","score":20.0,"score_beyond":18.0,"size":4},"run":"/srv/ringsight/run1","split_from":"K4"}');
INSERT INTO "contents" VALUES(28,'a4b7b53d0e28d494f67a5e0abfd34d2e','{"into":"K9","members":["C12","C13"]}');
INSERT INTO "contents" VALUES(29,'60d1e26435271b4c3a1235c3b39b2a60','{"judgement":"unsure","note":"","reasons":[],"scope":"ring","status":"decided","subjects":[]}');
INSERT INTO "contents" VALUES(30,'9ab5dfcbdafbe6fdfe693b74ade77cea','{"reason":"please look"}');
INSERT INTO "contents" VALUES(31,'bdec40b6ce822040ba49b14d7cda5540','{}');
INSERT INTO "contents" VALUES(32,'ce220b504b3a9a03313a03860943f9ca','{"judgement":"same_hand","note":"one studio","reasons":["same_document","same_rhythm"],"scope":"ring","status":"seconding","subjects":[]}');
INSERT INTO "contents" VALUES(33,'0f9f0a695a53ec6e99da4b86b1a30af5','{}');
INSERT INTO "contents" VALUES(34,'7a420f0c5ea57cc188f265334d4341b8','{"until":"2099-01-01T00:00:00.000000+00:00"}');
INSERT INTO "contents" VALUES(35,'394f45e8203f1f73142f4e02170dcc96','{}');
INSERT INTO "contents" VALUES(36,'facf0e41e9486d3ad9d0e487b522a315','{"judgement":"same_hand","note":"one studio","reasons":["same_document","same_rhythm"],"scope":"ring","status":"seconding","subjects":[]}');
INSERT INTO "contents" VALUES(37,'e895a6dea5590c5a76979457a908ba82','{}');
INSERT INTO "contents" VALUES(38,'04166a0bce69050383ba33067e177e22','{}');
INSERT INTO "contents" VALUES(39,'e71083ffcc6e29aa5bc4f6e0007e035c','{"into":"K7"}');
INSERT INTO "contents" VALUES(40,'c3e513ae091e4ee839d2a5ecf857ed78','{"from":"K8","members":{"C27":27.0,"C28":28.0,"C29":29.0}}');
INSERT INTO "contents" VALUES(41,'0cb9fed0785451e3e13e67b7ca787c60','{"judgement":"unsure","note":"","reasons":[],"scope":"ring","status":"decided","subjects":[]}');
INSERT INTO "contents" VALUES(42,'5439d242a2c5e660419833612b468161','{"version":4}');
INSERT INTO "contents" VALUES(43,'32d72bb0cb1944525ef014946f45d9be','{"bank":"/srv/ringsight/bank","members":{"C00":0.0,"C01":1.0,"C02":2.0,"erased:d099556baf35":3.0},"origin":"flagged","ring":{"bits_apart":0.0,"explanation":"","flagged":true,"held":"","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.01,"q_value":0.01,"ring_id":"R0","score":20.0,"score_beyond":18.0,"size":4},"run":"/srv/ringsight/run2"}');
INSERT INTO "contents" VALUES(44,'df33fe25469c0660e5872f156694f15c','{"bank":"/srv/ringsight/bank","members":{"C04":4.0,"C05":5.0,"C06":6.0,"C07":7.0},"origin":"flagged","ring":{"bits_apart":0.0,"explanation":"","flagged":true,"held":"","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.015,"q_value":0.015,"ring_id":"R1","score":20.0,"score_beyond":18.0,"size":4},"run":"/srv/ringsight/run2"}');
INSERT INTO "contents" VALUES(45,'61e8bd3200d59a767cbce0854abede2a','{"bank":"/srv/ringsight/bank","members":{"C08":8.0,"C09":9.0,"C10":10.0,"C11":11.0,"C29":29.0},"origin":"flagged","ring":{"bits_apart":0.0,"explanation":"","flagged":true,"held":"","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.01,"q_value":0.01,"ring_id":"R2","score":20.0,"score_beyond":18.0,"size":5},"run":"/srv/ringsight/run2"}');
INSERT INTO "contents" VALUES(46,'a186cffc45831a766f767c3fc1f83af2','{"bank":"/srv/ringsight/bank","members":{"C12":12.0,"C13":13.0,"C14":14.0,"C15":15.0},"origin":"flagged","ring":{"bits_apart":0.0,"explanation":"","flagged":true,"held":"","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.025,"q_value":0.025,"ring_id":"R3","score":20.0,"score_beyond":18.0,"size":4},"run":"/srv/ringsight/run2"}');
INSERT INTO "contents" VALUES(47,'33ab03a04fdcc88a4682f114582849ce','{"bank":"/srv/ringsight/bank","members":{"C16":16.0,"C17":17.0,"C18":18.0,"C19":19.0},"origin":"flagged","ring":{"bits_apart":0.0,"explanation":"","flagged":true,"held":"","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.03,"q_value":0.03,"ring_id":"R4","score":20.0,"score_beyond":18.0,"size":4},"run":"/srv/ringsight/run2"}');
INSERT INTO "contents" VALUES(48,'9d504859da84fa36d81c3bcdd623ec36','{"bank":"/srv/ringsight/bank","members":{"C24":24.0,"C25":25.0,"C26":26.0},"origin":"held","ring":{"bits_apart":0.0,"explanation":"","flagged":false,"held":"nationality","null":"permutation","p_value":0.001,"proposer":"together","q_beyond":0.01,"q_value":0.01,"ring_id":"R6","score":20.0,"score_beyond":18.0,"size":3},"run":"/srv/ringsight/run2"}');
INSERT INTO "contents" VALUES(49,'69a5c66a57ffbc71695c4214eb259e7c','{"run":"/srv/ringsight/run2"}');
INSERT INTO "contents" VALUES(50,'21e986ac4f7c697652789937479b1705','{"run":"/srv/ringsight/run2"}');
INSERT INTO "contents" VALUES(51,'d1a1802ec3e96b6bd47a315cc8f16839','{"below":0,"digest":"38668291241ac6ea8c66412ec47966a93597915fee452a6b65e6f92648e09610","drawn":[],"expected_false_flags":0.2,"fdr":0.05,"flags":5,"run":"/srv/ringsight/run2"}');
INSERT INTO "contents" VALUES(52,'5a9abac9c27d8577913790e5c8417634','{"redacted":{"15":"683a05b42d2db564721dcd29f7ed892ac7d37c070a71f72473cb2532281310a5","17":"a38cc23292ab24c4e248d96f9a98cb918c087cd83e60a48a9b2c049c7bb07a19","4":"b31a66f84a839d1cd16864a0e7df87207197e1316b9d27ea69783bcc48b13b2d","43":"1ac6520d9ffba417d59958cc263cfe17ad8a5d923204f52d41703fa043d6bf33"}}');
INSERT INTO "contents" VALUES(53,'6fb2cfc8523bedf423166c8c7c406da5','{"pairs":13}');
CREATE TABLE entries (
	number INTEGER NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	user TEXT NOT NULL, 
	action TEXT NOT NULL, 
	case_id TEXT, 
	version INTEGER, 
	commitment VARCHAR(64) NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (case_id, version)
);
INSERT INTO "entries" VALUES(1,'2026-11-27T18:19:07.049723+00:00','ringsight','account_added',NULL,NULL,'2289e602164baa4a498338f63cde76dd165eba9dcad7b356bd346f0ae925c2b9','0000000000000000000000000000000000000000000000000000000000000000','0108fe890c7bf8375af0c54539127f9be485220ee879a5f88d983ecfef2ac4e4');
INSERT INTO "entries" VALUES(2,'2026-11-27T18:19:07.220066+00:00','ringsight','account_added',NULL,NULL,'2f386f7c673e4e6049651e41daf7fdfab61f5403b69067dd3cf49225ab77e076','0108fe890c7bf8375af0c54539127f9be485220ee879a5f88d983ecfef2ac4e4','fbc22d9c049a5fd5b37044264cd28f0453713b6eaa0f3879c5932a2ef34bfb64');
INSERT INTO "entries" VALUES(3,'2026-11-27T18:19:07.383506+00:00','ringsight','account_added',NULL,NULL,'208b2828675f3217a70fda5e085d1756aa2c272df397aa0dcce1b074f1ec8471','fbc22d9c049a5fd5b37044264cd28f0453713b6eaa0f3879c5932a2ef34bfb64','650ceccd9b4cedd057d144be34b39119992f827e35e0490240c4ab9df491ba04');
INSERT INTO "entries" VALUES(4,'2026-11-27T18:19:07.435013+00:00','ringsight','opened','K1',1,'c00ef3a0a56e71fc4f4defacdf2dda91bc9b6b4b3dcc796678ebc3cbe97577ed','650ceccd9b4cedd057d144be34b39119992f827e35e0490240c4ab9df491ba04','051e669e57ced7491955e50033bfdf1784e7bc4a2df5a093c3fffae5978bf794');
INSERT INTO "entries" VALUES(5,'2026-11-27T18:19:07.438317+00:00','ringsight','opened','K2',1,'7f5262cc7979e7d9dfb33779550ec2801256a45947c6ea717878e83794be243e','051e669e57ced7491955e50033bfdf1784e7bc4a2df5a093c3fffae5978bf794','01e3a5217cd76fbbcccd3ac273d0586eb45b19b61a621306a9d1fa1792f7f048');
INSERT INTO "entries" VALUES(6,'2026-11-27T18:19:07.439785+00:00','ringsight','opened','K3',1,'cb391499ce661c0b30b87709077fabb474eaf83fa957303e77ccd4e73b6176b3','01e3a5217cd76fbbcccd3ac273d0586eb45b19b61a621306a9d1fa1792f7f048','4490584b1f37e857e121c22a0c8087ffa5de25c07a4d3ef3999dd059c749b493');
INSERT INTO "entries" VALUES(7,'2026-11-27T18:19:07.441051+00:00','ringsight','opened','K4',1,'25c9db3dac82a57e1fc901afc4cabfb0951a0fc6b8e08e809a25aaf416086648','4490584b1f37e857e121c22a0c8087ffa5de25c07a4d3ef3999dd059c749b493','5c2e580274678239fc727878f22228ececbbdfb773ca1e09e33ff9486ccf4068');
INSERT INTO "entries" VALUES(8,'2026-11-27T18:19:07.442246+00:00','ringsight','opened','K5',1,'8ff9234df28edbd3244544103f86fd010f8dbecaec5847b6798e97d8d1404939','5c2e580274678239fc727878f22228ececbbdfb773ca1e09e33ff9486ccf4068','f9f1b949403d43fede51608f5ad64094f3ca9ff4ba79afd85c87b858082c147f');
INSERT INTO "entries" VALUES(9,'2026-11-27T18:19:07.443342+00:00','ringsight','opened','K6',1,'f1e6005ef26f6687190cb2f8e82fba3673160f7989847f1fba0b58911f38b216','f9f1b949403d43fede51608f5ad64094f3ca9ff4ba79afd85c87b858082c147f','67516a9c05bf1511f7c58468ce837357b5810702a02a09e023994d088a749b62');
INSERT INTO "entries" VALUES(10,'2026-11-27T18:19:07.444395+00:00','ringsight','opened','K7',1,'3367f392d993b0482466c0fc636130dfc63418d5d527050114ded9c4018c5ff2','67516a9c05bf1511f7c58468ce837357b5810702a02a09e023994d088a749b62','fcad5bce73702bef5c873401a09af09da1c0c6edd7a031dcf7f0aa93030c45af');
INSERT INTO "entries" VALUES(11,'2026-11-27T18:19:07.445465+00:00','ringsight','opened','K8',1,'02c9ead003f894bd9ed786f0b1670c8740500594908647cfce03dbe76e2a7578','fcad5bce73702bef5c873401a09af09da1c0c6edd7a031dcf7f0aa93030c45af','2441d537f8e05180565bbbaad9630587e86fbcc0cfdd4f60b22d26367c4a66ef');
INSERT INTO "entries" VALUES(12,'2026-11-27T18:19:07.446589+00:00','ringsight','taken_in',NULL,NULL,'6ad6265d703b95a5cdbc867059933607b4919b85b6d45d7ff06ace4ac9066cfe','2441d537f8e05180565bbbaad9630587e86fbcc0cfdd4f60b22d26367c4a66ef','c456c0bef45890e3ce56039731c9cce69df5d0d09021ea9cc794ddb27e9fa5cc');
INSERT INTO "entries" VALUES(13,'2026-11-27T18:19:07.447903+00:00','lea','capacity',NULL,NULL,'b0de66cae3d820793615e2ef68fa01ca87d95eec157e4260fbb068bb56ddb7a9','c456c0bef45890e3ce56039731c9cce69df5d0d09021ea9cc794ddb27e9fa5cc','61db2af36e69eb0f09916790d0a5361b3d804dd65ed00b051d12d5c7f432815e');
INSERT INTO "entries" VALUES(14,'2026-11-27T18:19:07.449298+00:00','ana','claimed','K1',2,'582b4e5013def8bbb9a4c7135a2b3faea13763d11d1533ac9602bcf742159250','61db2af36e69eb0f09916790d0a5361b3d804dd65ed00b051d12d5c7f432815e','34a9609ddb47fc9f8fa3ce386df6fed3e517e44531c5820e01132928e3debdd1');
INSERT INTO "entries" VALUES(15,'2026-11-27T18:19:07.451298+00:00','ana','decided','K1',3,'5cce1c347d559366053d2f3cf80997e055fecf01134ed6bc32796fe077de6f78','34a9609ddb47fc9f8fa3ce386df6fed3e517e44531c5820e01132928e3debdd1','39b0b674b9ead1666fb28eae72e571210b9cd5dce77397979f07683af705d80a');
INSERT INTO "entries" VALUES(16,'2026-11-27T18:19:07.454974+00:00','ben','claimed','K1',4,'95e2cf83435fff7f1b6bf4dfaa46d51042389d7c4a686144b4e9805144ae1c91','39b0b674b9ead1666fb28eae72e571210b9cd5dce77397979f07683af705d80a','70346d369988c3a0d0c7d369b946ca4967f644a10769758eaa8bbc8f0525683e');
INSERT INTO "entries" VALUES(17,'2026-11-27T18:19:07.457306+00:00','ben','decided','K1',5,'6b4697712e6d67093b42ad0dc5e40efa2cd16b72803826aa932a362e6f03d7b1','70346d369988c3a0d0c7d369b946ca4967f644a10769758eaa8bbc8f0525683e','4f0613ca2c9572d748b15877dee7532ec34b7e13246597cd9552314c3a5ea288');
INSERT INTO "entries" VALUES(18,'2026-11-27T18:19:07.460265+00:00','ana','view_photo','K2',NULL,'9983cadd39fb2d38dc496ec7f9b445feaf87a98bda957cffa129bbcb0ebb6297','4f0613ca2c9572d748b15877dee7532ec34b7e13246597cd9552314c3a5ea288','b94d32f112051531db5a47fb399dbb10bf711fa49e144a20bf047bf660480101');
INSERT INTO "entries" VALUES(19,'2026-11-27T18:19:07.461960+00:00','ana','view_score','K2',NULL,'8953a940e6702e7d893cb3e4417e4a7b9ad056f273febabc5716c221b8af32d7','b94d32f112051531db5a47fb399dbb10bf711fa49e144a20bf047bf660480101','cb8f7a4beccae8c9e1682de6ceeddd8ac90614b265747fa682a368487089f441');
INSERT INTO "entries" VALUES(20,'2026-11-27T18:19:07.463780+00:00','ana','claimed','K2',2,'be2782f704604903698b9a01a717b26cd8f67007fc939562dbea14b8052755d8','cb8f7a4beccae8c9e1682de6ceeddd8ac90614b265747fa682a368487089f441','c4e3d51085690b1398d9e97f352c964d1b420407d02bbbf14e57264159ad4234');
INSERT INTO "entries" VALUES(21,'2026-11-27T18:19:07.466310+00:00','ana','decided','K2',3,'ccf34a63b9cb40dbf98faddd04fc39d5234fc87d57756bb1ee580ed8101a5d88','c4e3d51085690b1398d9e97f352c964d1b420407d02bbbf14e57264159ad4234','e53da7aa10ceed13cce146bdd1ca6e583bd64a2da87a88c25246d2afa59f535b');
INSERT INTO "entries" VALUES(22,'2026-11-27T18:19:07.468432+00:00','ana','decided','K2',4,'bb4cd1941a053b6f2b4aadd4f48dd75bfb336ef5c779d68ec35ca83aba04107d','e53da7aa10ceed13cce146bdd1ca6e583bd64a2da87a88c25246d2afa59f535b','bcb3aa8a0908565cd9d1204ba712dfcdb79d941c9124015a62cb2fe1c7fc370b');
INSERT INTO "entries" VALUES(23,'2026-11-27T18:19:07.470571+00:00','ana','decided','K2',5,'a5bc2fdb807bd7ec1973187ae9a152cff41b2c71c3eacbbde87664fa97388672','bcb3aa8a0908565cd9d1204ba712dfcdb79d941c9124015a62cb2fe1c7fc370b','4978ce7360136526a1dcf92a87e9dc07027857847122db648c868bed7628d4b9');
INSERT INTO "entries" VALUES(24,'2026-11-27T18:19:07.472577+00:00','ana','claimed','K3',2,'7dbdfb3cd9f422c5becaac343644cab86499ae6e439b8bd6e6c89a3cb6896d90','4978ce7360136526a1dcf92a87e9dc07027857847122db648c868bed7628d4b9','0ed66e502c4657dfd00f95d11066423c7706af764a73e616bb5a9e71509d8ddd');
INSERT INTO "entries" VALUES(25,'2026-11-27T18:19:07.479428+00:00','ana','decided','K3',3,'9b14fa2158e39cd36ea4c46b45faf98cbc65f1331e4436bce73622ba97c3fb6b','0ed66e502c4657dfd00f95d11066423c7706af764a73e616bb5a9e71509d8ddd','b794e70b83074a8d872fab67b79d6993adfe725dbdb6ecdde44a1c923126e60f');
INSERT INTO "entries" VALUES(26,'2026-11-27T18:19:07.481794+00:00','ana','claimed','K4',2,'d748c01bcac929474040f894ba7ce291a6ba7b6cf1741247bb4556328c355228','b794e70b83074a8d872fab67b79d6993adfe725dbdb6ecdde44a1c923126e60f','860de51df9323af6a765ec6dbfa85991024e351f36eb7d25ca465462c6781a7a');
INSERT INTO "entries" VALUES(27,'2026-11-27T18:19:07.484085+00:00','ana','opened','K9',1,'76fdb5110fe6168831f8545d23dab64d2a0f73e3a4a328f046cd6334f460ec35','860de51df9323af6a765ec6dbfa85991024e351f36eb7d25ca465462c6781a7a','004d62d7689a8c1067346889339dd0aed88125c1a4e1871a7863123eadc9a1b8');
INSERT INTO "entries" VALUES(28,'2026-11-27T18:19:07.485286+00:00','ana','split_off','K4',3,'12fbc30b88f819635d6c8db765587ef4b1973b1839b707c536210431bd1ea7f3','004d62d7689a8c1067346889339dd0aed88125c1a4e1871a7863123eadc9a1b8','666b9eacc8ac937b4e381162dc61df28ca0cca29306da8dcdde619a809965093');
INSERT INTO "entries" VALUES(29,'2026-11-27T18:19:07.487404+00:00','ana','decided','K9',2,'07123d269974d1e01d156169cc9868bdc7e30b266e86f837ee8ae525ddfa1b13','666b9eacc8ac937b4e381162dc61df28ca0cca29306da8dcdde619a809965093','8acecc45aa8b31db4463ee906f54e7c3aa120bac74baaca901bc884718069638');
INSERT INTO "entries" VALUES(30,'2026-11-27T18:19:07.489396+00:00','ana','escalated','K4',4,'ec7b35c2bf60e475ceed8f6d4630e28413eaeee62331fbd449ad8c8cc7d0b3ae','8acecc45aa8b31db4463ee906f54e7c3aa120bac74baaca901bc884718069638','a4c9a97d845b45c75cb096982c2df2e832fc585c219de3986db8ad89a78d6a1f');
INSERT INTO "entries" VALUES(31,'2026-11-27T18:19:07.491554+00:00','ana','claimed','K5',2,'8b2303a616b7d342a3be825532a87625ea5e6818de973434b7f5306ed9c62405','a4c9a97d845b45c75cb096982c2df2e832fc585c219de3986db8ad89a78d6a1f','a37ed372fec3334772d1895eb5f0c83794f3c2a578385a1642cea40aa2b228fc');
INSERT INTO "entries" VALUES(32,'2026-11-27T18:19:07.493665+00:00','ana','decided','K5',3,'e97858df73709a9167b3b2f819762420241545d0f06667eeaa2e75c96bb13d11','a37ed372fec3334772d1895eb5f0c83794f3c2a578385a1642cea40aa2b228fc','7e0b98f38d5990750ca801dd15bbcb9fd57802315ea7a2a621ba742c34d76264');
INSERT INTO "entries" VALUES(33,'2026-11-27T18:19:07.496276+00:00','ben','claimed','K5',4,'a565c2c44febd0e604c2c10ceda6044dc08f5d0c380cab64b90f69595d5ef8b7','7e0b98f38d5990750ca801dd15bbcb9fd57802315ea7a2a621ba742c34d76264','c0470e0140c645ae80b5f3f4de0a703585d795fc92981e37d049f7c3bf1b5c90');
INSERT INTO "entries" VALUES(34,'2026-11-27T18:19:07.498536+00:00','ben','snoozed','K5',5,'36ea23d58d8822eda47eec83780e00d5e6cdea37bb92dfc19a526c6eba3e2537','c0470e0140c645ae80b5f3f4de0a703585d795fc92981e37d049f7c3bf1b5c90','7e62c6f6d0b3b544933201e65277ffa846726bd39af8135d74d9fe33cd6d786d');
INSERT INTO "entries" VALUES(35,'2026-11-27T18:19:07.500560+00:00','ana','claimed','K6',2,'f4f46b5af5168108fc0e48803d29a95737bb36e9edc7375005c78d4bf8e27c5e','7e62c6f6d0b3b544933201e65277ffa846726bd39af8135d74d9fe33cd6d786d','691b4caf2766cd5fca3e06e61bb6161913ea1784218d2750a66afa734705ab34');
INSERT INTO "entries" VALUES(36,'2026-11-27T18:19:07.502683+00:00','ana','decided','K6',3,'20c0dfc2d30dba042fcaaa58c3131271a5782cbc6348830f3231def9aeff6026','691b4caf2766cd5fca3e06e61bb6161913ea1784218d2750a66afa734705ab34','7ab0b9defbc1f2e76be38bc2484fa4b021b5b33567076d4b560a44a0eb2c5693');
INSERT INTO "entries" VALUES(37,'2026-11-27T18:19:07.504785+00:00','ben','claimed','K6',4,'094e1880aee0b8e2b877de3c877d39d5751fb39713564cf777662593627b17b9','7ab0b9defbc1f2e76be38bc2484fa4b021b5b33567076d4b560a44a0eb2c5693','cb05fdc8f66d85768a8847db7cf449e130078fa61dc044f63b9b03724ceeba1a');
INSERT INTO "entries" VALUES(38,'2026-11-27T18:19:07.506673+00:00','ana','claimed','K7',2,'dd4064c2080d1fea627681c7e9b25ec8930bd571235655a2667a8ebdf9d6fb83','cb05fdc8f66d85768a8847db7cf449e130078fa61dc044f63b9b03724ceeba1a','ae005822d059ca9a3ad96b436ca17bc319878a416f1b9f2c8918642b8bc6979e');
INSERT INTO "entries" VALUES(39,'2026-11-27T18:19:07.512045+00:00','ana','merged','K8',2,'7305346da3bc8b0a9271cb4d5fc95a0f5f49fc19dbae8234a97846ee8ce42172','ae005822d059ca9a3ad96b436ca17bc319878a416f1b9f2c8918642b8bc6979e','81101b0be3a5387751ca6d61a64249ab870d05e6fc1f2b74f7be5c3750ce3111');
INSERT INTO "entries" VALUES(40,'2026-11-27T18:19:07.513106+00:00','ana','joined','K7',3,'26f686ec663b64387a3c78661a3cc1d130fedcd7037ec6e5ed12f7c9200bc444','81101b0be3a5387751ca6d61a64249ab870d05e6fc1f2b74f7be5c3750ce3111','a64f23798660f787e00a9037595281b95ed9c384f7aa272e629fecae2c4bce1e');
INSERT INTO "entries" VALUES(41,'2026-11-27T18:19:07.515806+00:00','ana','decided','K7',4,'6e5629c3d7b2f2f2d9ee0506e6158278d4515e32d9d644f8e336f4ec565d7a16','a64f23798660f787e00a9037595281b95ed9c384f7aa272e629fecae2c4bce1e','3be91cedf4dc1ca9ef2c359203214cfaa94a6058d0ea7299f7101ad0cbb13bc4');
INSERT INTO "entries" VALUES(42,'2026-11-27T18:19:07.527878+00:00','ana','undone','K7',5,'2fc63ed996ddee32eef3d32afe008cf827953ee6d20623f01848a7509fcce3ed','3be91cedf4dc1ca9ef2c359203214cfaa94a6058d0ea7299f7101ad0cbb13bc4','41b2db9d133162201dc85efa4214d59a23c181d479036b610d18edf6c3b690f4');
INSERT INTO "entries" VALUES(43,'2026-11-27T18:19:07.604417+00:00','ringsight','renewed','K1',6,'748bafdd6470708c5c2f74bea5539a24c521358fdbf583ba0dac680f48fa22a9','41b2db9d133162201dc85efa4214d59a23c181d479036b610d18edf6c3b690f4','e761ffc1b6a918c5abde4b0b0118594085c974962f0845e502bbd82044d0cf35');
INSERT INTO "entries" VALUES(44,'2026-11-27T18:19:07.605540+00:00','ringsight','renewed','K2',6,'93ba55598f3b12c88c917d3737173b1815be41262ba19452244307797e330d3c','e761ffc1b6a918c5abde4b0b0118594085c974962f0845e502bbd82044d0cf35','3b139855a3a06816353bd4b4dbbcbb54ebcb1567cf8c91f4f4b397b2f22d722d');
INSERT INTO "entries" VALUES(45,'2026-11-27T18:19:07.606490+00:00','ringsight','renewed','K3',4,'2096003387d6e5a842928229934fc4655f167f9b4c1a36358bfcc28c89bc98c8','3b139855a3a06816353bd4b4dbbcbb54ebcb1567cf8c91f4f4b397b2f22d722d','a575f0db0c3f41ed299a4ea319a64791bcb7d9333bb2460d229773c1ca6e589c');
INSERT INTO "entries" VALUES(46,'2026-11-27T18:19:07.607308+00:00','ringsight','renewed','K4',5,'459ab7457b462acede69cb9e547f5a5bd5939c4753ce0924a9e5e634658746ae','a575f0db0c3f41ed299a4ea319a64791bcb7d9333bb2460d229773c1ca6e589c','2b68a11faf2c3c61959db4f6a2a6c5ea99099695f95dbc87baeae89e94adebbe');
INSERT INTO "entries" VALUES(47,'2026-11-27T18:19:07.608090+00:00','ringsight','renewed','K5',6,'13af4f6933b33230265f29226184b54d68026cf6d9f85eb28f66ac88883db1bd','2b68a11faf2c3c61959db4f6a2a6c5ea99099695f95dbc87baeae89e94adebbe','ea3b5c7c95945586a09390df39e37ff7a8d6fb811c9264d386b3c8ce59e039b1');
INSERT INTO "entries" VALUES(48,'2026-11-27T18:19:07.608862+00:00','ringsight','renewed','K7',6,'ef93a98291d25a6b527314257aef0b1f42e177f48d634b0db27f9912fafa6f35','ea3b5c7c95945586a09390df39e37ff7a8d6fb811c9264d386b3c8ce59e039b1','8f0c3c153c3e578f9f6c1cf0043b466aaab8a2614b6d511d46dba3467e90d025');
INSERT INTO "entries" VALUES(49,'2026-11-27T18:19:07.609633+00:00','ringsight','faded','K6',5,'8e211e9cbdf850bf48120032b723c315c5cda08f7c6fb1a6ec27ab40419dcc05','8f0c3c153c3e578f9f6c1cf0043b466aaab8a2614b6d511d46dba3467e90d025','86d1efa87218e3ac34b6946facb027c31684e5813f17544be7390659a0a469a1');
INSERT INTO "entries" VALUES(50,'2026-11-27T18:19:07.615215+00:00','ringsight','faded','K8',3,'c6b145c4d21b4ecb29acbf1ba3b1699b060513c10849a5a0dc71a0414b2cec69','86d1efa87218e3ac34b6946facb027c31684e5813f17544be7390659a0a469a1','38183b056d1e4f45a23e3f3e83b17fcb3b4e69aa170659337b8fddef869aba82');
INSERT INTO "entries" VALUES(51,'2026-11-27T18:19:07.616168+00:00','ringsight','taken_in',NULL,NULL,'323bba78d45ac3a9d55aaffffc379acfc8c91167e72ef5d553850b24aa9afb4d','38183b056d1e4f45a23e3f3e83b17fcb3b4e69aa170659337b8fddef869aba82','682ce6f8a66e219a5acf76286acb631b2de7f318e84b2551ca0dcdbb9d077ba9');
INSERT INTO "entries" VALUES(52,'2026-11-27T18:19:07.631346+00:00','ada','forgotten',NULL,NULL,'c823a1853aaebb62f221b489d4cafebd1c3e032ab0fc30abaca1ee1d2d03527e','682ce6f8a66e219a5acf76286acb631b2de7f318e84b2551ca0dcdbb9d077ba9','38b5c8c4bfa3ab897c09f7edffdaf9a5bc548f23d58f41937a63f5ea6c837c25');
INSERT INTO "entries" VALUES(53,'2026-11-27T18:19:07.669858+00:00','lea','decisions_exported',NULL,NULL,'488f17c22fe2d6a520896592f2ffa68c57f1b473aa7d2cae763d1ffc30332a6a','38b5c8c4bfa3ab897c09f7edffdaf9a5bc548f23d58f41937a63f5ea6c837c25','7e1168ee32c66b2853c32f852f7ef764b5ab6d8f89b4dfdf0824c60621ffc977');
CREATE TABLE sessions (
	token_hash VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	began_at VARCHAR(32) NOT NULL, 
	ends_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (token_hash), 
	FOREIGN KEY(name) REFERENCES accounts (name)
);
CREATE TABLE sign_ins (
	state_hash VARCHAR(64) NOT NULL, 
	nonce TEXT NOT NULL, 
	verifier TEXT NOT NULL, 
	"after" TEXT NOT NULL, 
	draft TEXT NOT NULL, 
	address TEXT NOT NULL, 
	ends_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (state_hash)
);
CREATE TABLE views (
	user TEXT NOT NULL, 
	name TEXT NOT NULL, 
	filter TEXT NOT NULL, 
	PRIMARY KEY (user, name)
);
INSERT INTO "views" VALUES('ana','waits for a colleague','{"customer": "", "gone": false, "holder": "", "least_size": 0, "least_value": 0.0, "limit": 100, "offset": 0, "origins": [], "statuses": ["seconding"], "verdict": null}');
INSERT INTO "views" VALUES('ben','everything','{"customer": "", "gone": false, "holder": "", "least_size": 0, "least_value": 0.0, "limit": 50, "offset": 0, "origins": [], "statuses": ["open", "claimed", "seconding"], "verdict": "same_hand"}');
INSERT INTO "views" VALUES('ben','held','{"customer": "", "gone": false, "holder": "", "least_size": 0, "least_value": 0.0, "limit": 100, "offset": 0, "origins": ["held"], "statuses": ["open"], "verdict": null}');
CREATE INDEX case_members_by_customer ON case_members (customer_id);
CREATE TRIGGER entries_append_only_update BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entries_append_only_delete BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE UNIQUE INDEX accounts_by_subject ON accounts (subject);
COMMIT;
